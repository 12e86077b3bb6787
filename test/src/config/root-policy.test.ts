import { describe, expect, it } from '@jest/globals';
import { policyRules } from '../../../src/config/policy-rules.ts';
import { parseRootPolicy, type RootPolicy, readRootPolicy } from '../../../src/config/root-policy.ts';
import { validPolicy, withLine } from './examples.ts';

const parse = (text: string) => parseRootPolicy(text, '/srv/acme/policy.yaml');
const parseWith = (start: string, line: string) => parse(withLine(validPolicy, start, line));

describe('parseRootPolicy', () => {
  it('accepts a policy; a role without holders has all of them', () => {
    const expected: RootPolicy = {
      file: '/srv/acme/policy.yaml',
      text: validPolicy,
      holders: [
        { id: 'alice', name: 'Alice' },
        { id: 'bob', name: 'Bob' },
        { id: 'carol', name: 'Carol' },
      ],
      root: { threshold: 2, holders: ['alice', 'bob', 'carol'], expiryDays: 197, resignDays: 60 },
      targets: { threshold: 2, holders: ['alice', 'bob', 'carol'], expiryDays: 90, resignDays: 30 },
      online: { key: 'file' },
      ceremony: { tolerance: 0, planDays: 21 },
      snapshot: { expiryDays: 14, resignDays: 7 },
      timestamp: { expiryDays: 7, resignDays: 6 },
      warnings: [],
    };
    expect(parse(validPolicy)).toEqual(expected);
  });

  it('accepts a policy that does not name the online key', () => {
    expect(parseWith('online:', '').online).toEqual({ key: 'awskms' });
  });

  for (const [rule, start, line, place] of [
    ['two-signers', 'root:', 'root: { threshold: 1, expiryDays: 197, resignDays: 60 }', '5:20 root.threshold'],
    ['spare-holder', 'root:', 'root: { threshold: 3, expiryDays: 197, resignDays: 60 }', '5:20 root.threshold'],
    ['role-for-holder', '- { id: carol', '  - { id: carol, name: C }\n  - { id: dave, name: D }', '5:11 holders[3].id'],
    ['root-window', 'root:', 'root: { threshold: 2, expiryDays: 197, resignDays: 29 }', '5:52 root.resignDays'],
    [
      'targets-replay',
      'targets:',
      'targets: { threshold: 2, expiryDays: 3650, resignDays: 30 }',
      '6:38 targets.expiryDays',
    ],
  ] as const) {
    it(`warns by ${rule} of ${line.trim()}`, () => {
      const text = withLine(validPolicy, start, line);
      // For its rule, a holder without a role: both roles list theirs.
      const listed = rule === 'role-for-holder' ? withLine(text, 'root:', rootOfThree) : text;
      const { warnings } = parse(listed);
      expect(warnings.map((warning) => `${warning.line}:${warning.column} ${warning.path}`)).toEqual([place]);
      expect(warnings).toMatchObject([{ rule }]);
    });
  }

  it('accepts the last value before each warning', () => {
    const root = parseWith('root:', 'root: { threshold: 2, expiryDays: 197, resignDays: 30 }');
    const targets = parseWith('targets:', 'targets: { threshold: 2, expiryDays: 366, resignDays: 365 }');
    expect([root.warnings, targets.warnings]).toEqual([[], []]);
  });

  it('has no more warnings than these tests know', () => {
    const warnings = policyRules.filter(({ severity }) => severity === 'warning').map(({ id }) => id);
    expect(warnings).toEqual(['two-signers', 'spare-holder', 'role-for-holder', 'root-window', 'targets-replay']);
  });
});

const rootOfThree = 'root: { threshold: 2, holders: [alice, bob, carol], expiryDays: 197, resignDays: 60 }';

describe('readRootPolicy', () => {
  it('refuses a file that is not there, and says what to copy', async () => {
    const file = '/nonexistent/policy.yaml';
    await expect(readRootPolicy(file)).rejects.toThrowToolkit('CFG_MISSING', { file });
    await expect(readRootPolicy(file)).rejects.toMatchObject({
      hint: expect.stringContaining('examples/root-signing/policy.yaml'),
    });
  });
});
