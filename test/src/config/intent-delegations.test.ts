import { describe, expect, it } from '@jest/globals';
import { parseIntent } from '../../../src/config/intent.ts';

const delegate = {
  kind: 'delegate',
  reason: 'npm has keys of its own',
  role: 'packages.example',
  threshold: '1',
  keys: '[npm.pem]',
  paths: '[packages.example/*]',
  terminating: 'true',
};
const parse = (change: Readonly<Record<string, string | undefined>> = {}) => {
  const fields = Object.entries({ ...delegate, ...change }).filter(([, value]) => value !== undefined);
  return parseIntent(`${fields.map(([name, value]) => `${name}: ${value}`).join('\n')}\n`, 'intent.yaml');
};

describe('parseIntent of delegations', () => {
  it('accepts delegate and undelegate', () => {
    expect(parse()).toMatchObject({
      kind: 'delegate',
      changesTargets: false,
      holders: [],
      delegates: { role: 'packages.example', threshold: 1, keys: ['npm.pem'], paths: ['packages.example/*'] },
      undelegates: undefined,
    });
    const undelegate = parseIntent('kind: undelegate\nreason: gone\nrole: npm\n', 'intent.yaml');
    expect(undelegate).toMatchObject({ delegates: undefined, undelegates: 'npm' });
  });

  it.each([
    ['a role that climbs', { role: '../npm' }],
    ['a role with a slash', { role: 'a/b' }],
    ['a threshold of 0', { threshold: '0' }],
    ['no keys', { keys: '[]' }],
    ['a key elsewhere', { keys: '[../npm.pem]' }],
    ['no paths', { paths: '[]' }],
    ['a path from the root', { paths: '[/npm]' }],
    ['a path of brackets', { paths: "['npm/[ab]']" }],
    ['silence about who ends the search', { terminating: undefined }],
  ])('refuses %s', (_, change) => {
    expect(() => parse(change)).toThrowToolkit('CFG_INTENT_INVALID');
  });
});
