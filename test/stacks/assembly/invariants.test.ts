import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { anchorsOf, type GuardedInstance } from '../../../lib/guardrails/assembly.ts';
import { invariants } from '../../../lib/guardrails/rules/index.ts';
import { ruleOutcomes, runRules } from '../../../src/core/rules.ts';
import { projectDirectory } from '../../support/instance.ts';
import { mutations } from './mutations.ts';
import { statefulIds } from './stateful-ids.ts';
import { assembly, profiles, synthesisedTwice } from './synthesise.ts';

const anchors = anchorsOf(readFileSync(join(projectDirectory, 'docs', 'operator-runbook.md'), 'utf8'));

const guarded = new Map<string, GuardedInstance>();
for (const profile of profiles) {
  const { assembly: stacks, instance } = await assembly(profile);
  guarded.set(profile, { assembly: stacks, deployment: instance, anchors });
}

function instanceOf(profile: string): GuardedInstance {
  const instance = guarded.get(profile);
  if (!instance) throw new Error(`no profile ${profile}`);
  return instance;
}

describe.each(profiles)('the assembly of %s', (profile) => {
  it('keeps every invariant', () => {
    expect(runRules(invariants, instanceOf(profile))).toEqual([]);
  });

  it('gives every rule something to look at, but what a first phase has not', () => {
    const idle = ruleOutcomes(invariants, instanceOf(profile)).filter(({ outcome }) => outcome === 'not-applicable');
    const containers = invariants.filter(({ id }) => id.startsWith('container-') || id === 'log-has-time-to-stop');
    expect(idle.map(({ rule }) => rule)).toEqual(profile === 'phase-1' ? containers.map(({ id }) => id) : []);
  });
});

describe('every invariant', () => {
  it('has a template that breaks it', () => {
    expect(new Set(mutations.map(({ rule }) => rule))).toEqual(new Set(invariants.map(({ id }) => id)));
  });

  it.each(mutations)('$rule refuses $what', ({ rule, change, profile = 'ha-public', also = [] }) => {
    const original = instanceOf(profile);
    const changed = structuredClone(original.assembly);
    change(changed);
    expect(changed).not.toEqual(original.assembly);
    const findings = runRules(invariants, { ...original, assembly: changed });
    expect([...new Set(findings.map((finding) => finding.rule))].toSorted()).toEqual([rule, ...also].toSorted());
  });
});

describe('synthesis', () => {
  it('makes the same bytes again', async () => {
    const [first, second] = await synthesisedTwice();
    expect(second).toBe(first);
  });
});

/*
 * CloudFormation knows a resource by its logical id: another id is another resource, and the data stays behind in the
 * old one. Where a line is to go, its resource must be moved first (`cdk refactor`, or a retained one imported again);
 * new ones are added with: node test/stacks/assembly/write-stateful-ids.ts
 */
describe('the logical ids of what cannot be made again', () => {
  it('are those that they have always been', async () => {
    const frozen = readFileSync(join(projectDirectory, 'test', 'stacks', 'assembly', 'stateful-ids.txt'), 'utf8');
    const ids = await statefulIds();
    const gone = frozen
      .trimEnd()
      .split('\n')
      .filter((line) => !ids.includes(line));
    expect({ gone }).toEqual({ gone: [] });
    expect(ids.join('\n')).toBe(frozen.trimEnd());
  });
});
