import { describe, expect, it } from '@jest/globals';
import { changedAuthorities, changedPolicy } from '../../../src/config/changes.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { parseRootPolicy } from '../../../src/config/root-policy.ts';
import { minimalConfig } from '../../support/minimal-config.ts';
import { validPolicy } from './examples.ts';

const { text } = await minimalConfig();
const before = parseConfig(text, 'sigstead.yaml');
const changed = (from: string, to: string) => {
  const after = parseConfig(text.replace(from, to), 'sigstead.yaml');
  return changedAuthorities(before, after).map(({ path, message }) => `${path}: ${message}`);
};
const lineOf = (start: string) => text.split('\n').findIndex((line) => line.trimStart().startsWith(start)) + 1;

describe('changedAuthorities', () => {
  it('accepts other issuers, another selection, other comments, and defaults that are written out', () => {
    expect(changed('dev@example.com', 'ops@example.com')).toEqual([]);
    expect(changed('issuers:', 'selection: { timestamps: all }\nissuers:')).toEqual([]);
    expect(changed('# Timestamp', '# More about timestamp')).toEqual([]);
    expect(changed('name: tsa-1,', 'name: tsa-1, host: tsa-1.sigstead.test,')).toEqual([]);
  });

  it.each([
    ['{ key: file }', '{ key: awskms }', 'fulcio.key: expected "file" as at the first start, got "awskms"'],
    [
      '{ key: file }',
      '{ key: file, operator: ca.example.com }',
      'fulcio.operator: expected "fulcio.sigstead.test" as at the first start, got "ca.example.com"',
    ],
    [
      '{ key: file }',
      '{ key: file, organization: Acme }',
      'fulcio.organization: expected "local" as at the first start, got "Acme"',
    ],
    [
      'shard: ct2026-1,',
      'shard: ct2026-1, origin: ct.sigstead.test, operator: ct2026-1.sigstead.test,',
      'logs.ct[0].origin: expected "ct2026-1.sigstead.test" as at the first start, got "ct.sigstead.test"',
    ],
    [
      '[{ shard: log2026-1, key: file }]',
      '[{ shard: log2026-1, key: file }, { shard: log2026-2, key: file }]',
      'logs.rekor[1]: expected nothing as at the first start, got {"shard":"log2026-2","origin":"log2026-2.sigstead.test","key":"file","operator":"log2026-2.sigstead.test"}',
    ],
    [
      '  - { name: tsa-2, key: file }\n',
      '',
      'timestamps[1]: expected {"name":"tsa-2","host":"tsa-2.sigstead.test","key":"file","operator":"tsa-2.sigstead.test"} as at the first start, got nothing',
    ],
  ])('refuses %j that becomes %j', (from, to, problem) => {
    expect(changed(from, to)).toEqual([problem]);
  });

  it('says where it stands, or what is around it', () => {
    const added = text.replace('log2026-1, key: file }', 'log2026-1, key: file }, { shard: log2026-2 }');
    expect(changedAuthorities(before, parseConfig(added, 'sigstead.yaml'))).toMatchObject([{ line: lineOf('rekor:') }]);
    const removed = text.replace('  - { name: tsa-2, key: file }\n', '');
    expect(changedAuthorities(before, parseConfig(removed, 'sigstead.yaml'))).toMatchObject([
      { line: lineOf('- { name: tsa-1'), path: 'timestamps[1]' },
    ]);
    const gone = text.replace('fulcio: { key: file }', '');
    expect(changedAuthorities(before, parseConfig(gone, 'sigstead.yaml'))).toMatchObject([{ line: 1, column: 1 }]);
  });
});

describe('changedPolicy', () => {
  const policy = parseRootPolicy(validPolicy, 'policy.yaml');

  it('accepts the same policy, otherwise written', () => {
    expect(changedPolicy(policy, parseRootPolicy(`# a comment\n${validPolicy}`, 'elsewhere/policy.yaml'))).toEqual([]);
  });

  it('refuses other periods', () => {
    const after = parseRootPolicy(validPolicy.replace('expiryDays: 197', 'expiryDays: 100'), 'policy.yaml');
    expect(changedPolicy(policy, after)).toMatchObject([
      { path: 'root.expiryDays', line: 5, message: 'expected 197 as at the first start, got 100' },
    ]);
  });
});
