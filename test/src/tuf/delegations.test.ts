import { beforeEach, describe, expect, it } from '@jest/globals';
import { verifyByTwo } from '../../../ceremony/candidate.ts';
import { publish } from '../../../ceremony/publish.ts';
import { resignOnline } from '../../../ceremony/resign-online.ts';
import { updateTargets } from '../../../ceremony/update-targets.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { formatInstant } from '../../../src/core/clock.ts';
import type { Json } from '../../../src/core/json.ts';
import { matchesPath, parseDelegations } from '../../../src/tuf/delegations.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { readRepository, verifyRepository } from '../../../src/tuf/repository.ts';
import { delegateTo, delegationOf, putSnapshot, roleMetadata } from '../../support/delegated-role.ts';
import {
  holders,
  inDays,
  MemoryStore,
  now,
  onRepository,
  publishedRepository,
  readerOf,
  seededSigner,
  targets,
} from '../../support/root-of-trust.ts';

const first = await publishedRepository();
const { pinnedRoot } = first;
const key = tufKey(seededSigner('npm').publicKey);
const parse = (roles: Json, more = {}) => parseDelegations({ keys: { [keyId(key)]: key }, roles, ...more }, 1);

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore(first.store.files);
});
const verify = () => verifyRepository({ read: readerOf(store), pinnedRoot, now });
const byTwo = () => verifyByTwo({ read: readerOf(store), pinnedRoot, now });

describe('parseDelegations', () => {
  it('accepts none, and roles with their quorum and paths', () => {
    expect(parseDelegations(undefined, 1)).toEqual([]);
    expect(parse([delegationOf({})])).toMatchObject([
      { name: 'npm', paths: ['npm/*'], terminating: true, quorum: { name: 'npm of targets v1', threshold: 1 } },
    ]);
  });

  it.each([
    ['a name that climbs', { name: '../npm' }],
    ['a name with a slash', { name: 'a/b' }],
    ['a top-level role', { name: 'snapshot' }],
    ['no terminating', { terminating: 'yes' }],
    ['a threshold of 0', { threshold: 0 }],
    ['a key that is not listed', { keyids: ['0'.repeat(64)] }],
    ['paths and prefixes', { path_hash_prefixes: ['00'] }],
    ['paths that are no texts', { paths: [1] }],
  ])('refuses %s', (_, delegation) => {
    expect(() => parse([delegationOf({ delegation })])).toThrowToolkit('TUF_METADATA');
  });

  it('refuses a role twice, and more roles than clients visit', () => {
    expect(() => parse([delegationOf({}), delegationOf({})])).toThrowToolkit('TUF_METADATA');
    const many = Array.from({ length: 33 }, (_, index) => delegationOf({ name: `r${index}` }));
    expect(parse(many.slice(1))).toHaveLength(32);
    expect(() => parse(many)).toThrowToolkit('TUF_METADATA');
  });

  it.each(['npm/[ab]', 'npm/{a,b}', '!npm', '../npm', '/npm', 'npm//a'])(
    'does not interpret the pattern %s',
    (pattern) => {
      expect(parse([delegationOf({ paths: [pattern] })])).toMatchObject([{ paths: undefined }]);
    },
  );
});

describe('matchesPath', () => {
  it.each([
    ['npm/*', 'npm/keys.json', true],
    ['npm/*', 'npm/a/keys.json', false],
    ['npm/*', 'keys.json', false],
    ['*', 'keys.json', true],
    ['*.json', 'keys.json', true],
    ['*.json', 'keysxjson', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b', 'xxaxxbxx', false],
    ['a**', 'a', true],
    ['*/*.pem', 'x/y.pem', true],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesPath(pattern, name)).toBe(expected);
  });

  it('is not slowed down by a pattern', () => {
    expect(matchesPath('*a'.repeat(100), 'a'.repeat(199).concat('b'))).toBe(false);
  });
});

describe('verifyRepository with delegated roles', () => {
  it('accepts a role by its own keys, and tuf-js downloads the same file', async () => {
    await delegateTo(store, {});
    const { delegated, targetFiles } = await byTwo();
    expect(delegated.get('npm')?.metadata.version).toBe(1);
    expect([...(delegated.get('npm')?.files ?? [])]).toEqual([['npm/keys.json', utf8('{"keys":[]}\n')]]);
    expect(targetFiles).toEqual(new Map([...targets].sort()));
  });

  it('takes from a role only what its paths cover, and what nobody before it lists', async () => {
    const files = { 'npm/keys.json': 'npm', 'trusted_root.json': 'stolen', 'pypi/keys.json': 'stolen' };
    await delegateTo(
      store,
      { files },
      { name: 'pypi', paths: ['*/*'], files: { 'pypi/keys.json': 'pypi', 'npm/other.json': 'hidden' } },
    );
    const { delegated } = await byTwo();
    expect([...delegated].map(([name, role]) => [name, [...role.files.keys()]])).toEqual([
      ['npm', ['npm/keys.json']],
      ['pypi', ['pypi/keys.json']],
    ]);
  });

  it('goes on to a later role where the one before is not terminating', async () => {
    const later = { name: 'late', files: { 'npm/other.json': 'late' } };
    await delegateTo(store, { terminating: false }, later);
    expect((await byTwo()).delegated.get('late')?.files.size).toBe(1);
  });

  it.each([
    ['another key', { signers: [seededSigner('mallory')] }, 'TUF_THRESHOLD'],
    ['an expired role', { own: { expires: formatInstant(inDays(-1)) } }, 'TUF_EXPIRED'],
    ['another version than the snapshot says', { own: { version: 2 } }, 'TUF_VERSION'],
    [
      'a role that delegates further',
      { own: { delegations: { keys: { [keyId(key)]: key }, roles: [delegationOf({})] } } },
      'TUF_DELEGATIONS',
    ],
    ['paths it does not interpret', { paths: ['npm/[a-z]*'] }, 'TUF_DELEGATIONS'],
  ] as const)('refuses %s', async (_, role, code) => {
    await delegateTo(store, role);
    await expect(verify()).rejects.toThrowToolkit(code);
  });

  it('refuses a role that the snapshot does not list, and one whose files are missing', async () => {
    await delegateTo(store, {});
    const path = [...store.files.keys()].find((file) => file.endsWith('.keys.json')) ?? '';
    store.files.delete(path);
    await expect(verify()).rejects.toThrowToolkit('TUF_MISSING', { path });
    const read = readerOf(store);
    const { delegated } = await readRepository({ read, pinnedRoot, delegatedFilesOptional: true });
    expect(delegated.get('npm')?.files.size).toBe(0);
    await putSnapshot(store, { 'targets.json': { version: 2 } });
    await expect(verify()).rejects.toThrowToolkit('TUF_DELEGATIONS', { roles: ['npm'] });
  });

  it('refuses a version of a role that was seen with other content', async () => {
    await delegateTo(store, {});
    const previous = await verify();
    store.files.set('1.npm.json', await roleMetadata(store, { files: {} }));
    const again = verifyRepository({ read: readerOf(store), pinnedRoot, now, previous });
    await expect(again).rejects.toThrowToolkit('TUF_ROLLBACK', { role: 'npm', version: 1 });
  });
});

describe('publish with delegated roles', () => {
  it('writes their metadata and files before what leads to them', async () => {
    await delegateTo(store, {});
    const copy = new MemoryStore();
    const { repository } = await publish({ repository: await verify(), store: copy, now });
    expect(repository.delegated.get('npm')?.files.size).toBe(1);
    expect(copy.writes.indexOf('1.npm.json')).toBeLessThan(copy.writes.indexOf('2.targets.json'));
    expect(copy.writes.findIndex((path) => path.startsWith('targets/npm/'))).toBeLessThan(
      copy.writes.indexOf('1.npm.json'),
    );
  });

  it('keeps them through a new snapshot and through other targets', async () => {
    await delegateTo(store, {});
    const options = onRepository({ store, pinnedRoot });
    await resignOnline({ ...options, force: true });
    const more = new Map([...targets, ['more.txt', utf8('more\n')]]);
    const { repository } = await updateTargets({ ...options, holders: holders(), targets: more });
    expect(repository.versions).toMatchObject({ targets: 3, snapshot: 4 });
    expect(repository.snapshot.meta.get('npm.json')?.version).toBe(1);
    expect(repository.delegated.get('npm')?.files.size).toBe(1);
    expect([...repository.targetFiles.keys()]).toContain('more.txt');
  });
});
