import { describe, expect, it } from '@jest/globals';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { addNag, type NagFinding, nagFindings } from '../../../lib/guardrails/nag.ts';
import { type Acknowledgement, acknowledgements } from '../../../lib/guardrails/nag-table.ts';
import { composeInstance } from '../../../lib/instance-stacks.ts';
import { instanceOf, newApp, profiles } from './synthesise.ts';

const unvalidated = { builtinCloudFormationValidation: false };

/** What cdk-nag says of each profile without our answers, and with them. */
const found = await Promise.all(
  profiles.map(async (profile) => {
    const instance = await instanceOf(profile);
    const app = newApp(unvalidated);
    composeInstance(app, instance);
    const before = nagFindings(app);
    addNag(app, instance);
    return { profile, before, after: nagFindings(app), table: acknowledgements(instance) };
  }),
);

const isOf =
  ({ id, where }: Acknowledgement) =>
  (finding: NagFinding) =>
    finding.id === id && where.test(finding.path);

describe('cdk-nag', () => {
  it.each(found)('finds nothing in $profile that nobody answered', ({ after }) => {
    expect(after).toEqual([]);
  });

  it('needs every row of the table, in one profile at least', () => {
    const rows = new Map(found.flatMap(({ table }) => table.map((row) => [`${row.id} ${row.where}`, row] as const)));
    const stale = [...rows].filter(([, row]) => !found.some(({ before }) => before.some(isOf(row))));
    expect(stale.map(([name]) => name)).toEqual([]);
  });

  it('has a reason that is a sentence for every row', () => {
    for (const { table } of found) for (const { reason } of table) expect(reason).toMatch(/^[a-z0-9].{30,140}[^.]$/);
  });

  it('refuses at synthesis what nobody answered', async () => {
    const instance = await instanceOf('phase-1');
    const app = newApp(unvalidated);
    composeInstance(app, instance);
    const [stack] = app.node.children;
    if (!stack) throw new Error('expected a stack');
    new CfnBucket(stack, 'Open', {});
    addNag(app, instance);
    expect(nagFindings(app).map(({ id }) => id)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
    expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
  });
});
