import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { maxMetadataBytes, type RoleName } from '../../../src/tuf/layout.ts';
import { formatMetadata, type ParsedMetadata, parseMetadata } from '../../../src/tuf/metadata.ts';
import { publishedRepository } from '../../support/root-of-trust.ts';

const { store } = await publishedRepository();
const fileOf = (path: string): JsonObject => JSON.parse(new TextDecoder().decode(store.files.get(path))) as JsonObject;
const signedOf = (path: string): JsonObject => fileOf(path)['signed'] as JsonObject;
const parse = <Role extends RoleName>(role: Role, signed: JsonObject): ParsedMetadata<Role> =>
  parseMetadata(utf8(formatMetadata(signed, [])), role);

describe('parseMetadata', () => {
  it('accepts each role and keeps every field that it does not know', () => {
    const signed = { ...signedOf('1.targets.json'), 'x-custom': { deep: [1, { er: null }] } };
    const targets = parse('targets', signed);
    expect(targets.signed).toEqual(signed);
    expect(new TextDecoder().decode(targets.canonical)).toContain('"x-custom":{"deep":[1,{"er":null}]}');
    expect(targets.canonicalSha256).toBe(sha256Hex(targets.canonical));
    expect([...targets.targets.keys()]).toEqual(['signing_config.v0.2.json', 'trusted_root.json']);
    expect(parse('root', signedOf('1.root.json')).roles.root).toMatchObject({ threshold: 3 });
    expect(parse('snapshot', signedOf('1.snapshot.json')).meta.get('targets.json')?.version).toBe(1);
    expect(parse('timestamp', signedOf('timestamp.json')).snapshot.length).toBeGreaterThan(100);
  });

  it('accepts an empty signature, as tuf-on-ci leaves for a holder who did not sign', () => {
    const signed = signedOf('1.root.json');
    const { signatures } = parseMetadata(utf8(formatMetadata(signed, [{ keyid: 'a', sig: '' }])), 'root');
    expect(signatures).toEqual([{ keyid: 'a', sig: '' }]);
  });

  it('refuses a key id that signs twice', () => {
    const twice = [1, 2].map(() => ({ keyid: 'a'.repeat(64), sig: '00' }));
    const bytes = utf8(formatMetadata(signedOf('1.root.json'), twice));
    expect(() => parseMetadata(bytes, 'root')).toThrowToolkit('TUF_METADATA', { where: 'root: signatures' });
  });

  it.each([
    ['another role', { _type: 'targets' }],
    ['version 0', { version: 0 }],
    ['a version that is text', { version: '1' }],
    ['version 2 of the specification', { spec_version: '2.0.0' }],
    ['no specification', { spec_version: '' }],
    ['a snapshot switch that is text', { consistent_snapshot: 'true' }],
    ['a key id that is no digest', { keys: { abc: {} } }],
    ['no roles', { roles: null }],
    ['a missing role', { roles: {} }],
  ])('refuses a root with %s', (_, change) => {
    expect(() => parse('root', { ...signedOf('1.root.json'), ...change } as JsonObject)).toThrowToolkit('TUF_METADATA');
  });

  it.each([
    ['threshold 0', (ids: readonly string[]) => ({ keyids: ids, threshold: 0 })],
    ['a key twice', (ids: readonly string[]) => ({ keyids: [...ids, ids[0]], threshold: 3 })],
    ['a key that is not listed', () => ({ keyids: ['0'.repeat(64)], threshold: 1 })],
  ])('refuses a role with %s', (_, change) => {
    const signed = signedOf('1.root.json');
    const roles = signed['roles'] as Record<string, { keyids: readonly string[] }>;
    const root = change(roles['root']?.keyids ?? []);
    expect(() => parse('root', { ...signed, roles: { ...roles, root } } as JsonObject)).toThrowToolkit('TUF_METADATA');
  });

  it.each([
    '2026-11-22T10:00:00.000Z',
    '2026-11-22T10:00:00+00:00',
    '2026-11-22 10:00:00Z',
    '2026-02-30T10:00:00Z',
    '',
  ])('refuses the time %p', (expires) => {
    expect(() => parse('timestamp', { ...signedOf('timestamp.json'), expires })).toThrowToolkit('CORE_TIME');
  });

  it.each(['../x', '/x', 'a//b', 'a?b', 'a#b', 'a b', '.x', 'a/../b', 'a\\b', '', 'x'.repeat(201)])(
    'refuses the target name %p',
    (name) => {
      const targets = { [name]: { length: 1, hashes: { sha256: '0'.repeat(64) } } };
      expect(() => parse('targets', { ...signedOf('1.targets.json'), targets })).toThrowToolkit('TUF_METADATA');
    },
  );

  it.each([
    ['no SHA-256', { length: 1, hashes: { sha512: 'aa' } }],
    ['no length', { hashes: { sha256: '0'.repeat(64) } }],
    ['a negative length', { length: -1, hashes: { sha256: '0'.repeat(64) } }],
    ['a digest in capitals', { length: 1, hashes: { sha256: 'A'.repeat(64) } }],
  ])('refuses a target with %s', (_, claim) => {
    const signed = { ...signedOf('1.targets.json'), targets: { x: claim } } as JsonObject;
    expect(() => parse('targets', signed)).toThrowToolkit('TUF_METADATA');
  });

  it('refuses a timestamp without a snapshot', () => {
    const signed = { ...signedOf('timestamp.json'), meta: {} };
    expect(() => parse('timestamp', signed)).toThrowToolkit('TUF_METADATA', { where: 'timestamp: meta' });
  });

  it('refuses a file one byte above what clients download, and not one byte below', () => {
    const file = new TextDecoder().decode(store.files.get('timestamp.json'));
    const padded = (size: number) => utf8(file + ' '.repeat(size - file.length));
    expect(parseMetadata(padded(maxMetadataBytes.timestamp), 'timestamp').version).toBe(1);
    expect(() => parseMetadata(padded(maxMetadataBytes.timestamp + 1), 'timestamp')).toThrowToolkit('CORE_TOO_LARGE');
  });
});
