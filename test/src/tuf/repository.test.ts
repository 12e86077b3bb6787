import { beforeEach, describe, expect, it } from '@jest/globals';
import { resignOnline } from '../../../ceremony/resign-online.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { formatInstant } from '../../../src/core/clock.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { targetPath } from '../../../src/tuf/layout.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { readRepository, type VerifiedRepository, verifyRepository } from '../../../src/tuf/repository.ts';
import {
  forge,
  holders,
  inDays,
  MemoryStore,
  now,
  online,
  onRepository,
  type Published,
  publishedRepository,
  readerOf,
  seededSigner,
  targets,
} from '../../support/root-of-trust.ts';

const first = await publishedRepository();
const quorum = [...holders('alice', 'bob', 'carol').values()];

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore(first.store.files);
});

const published = (): Published => ({ store, pinnedRoot: first.pinnedRoot });
const fileAt = (path: string): Uint8Array => store.files.get(path) as Uint8Array;
const verify = (at: Date = now, previous?: VerifiedRepository): Promise<VerifiedRepository> =>
  verifyRepository({ read: readerOf(store), pinnedRoot: first.pinnedRoot, now: at, ...(previous && { previous }) });

/** Replaces targets metadata, and leads to it with the stolen online key. */
async function putTargets(bytes: Uint8Array, version = 1): Promise<void> {
  store.files.set(`${version}.targets.json`, bytes);
  await putSnapshot(
    await forge(fileAt('1.snapshot.json'), 'snapshot', { meta: { 'targets.json': { version } } }, [online]),
  );
}

async function putSnapshot(bytes: Uint8Array, version = 1): Promise<void> {
  store.files.set(`${version}.snapshot.json`, bytes);
  const meta = { 'snapshot.json': { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } } };
  store.files.set('timestamp.json', await forge(fileAt('timestamp.json'), 'timestamp', { meta }, [online]));
}

describe('verifyRepository', () => {
  it('accepts what genesis published, with every target', async () => {
    const repository = await verify();
    expect(repository.versions).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });
    expect(repository.targetFiles).toEqual(new Map([...targets].sort()));
    expect(repository.roots.map(({ bytes }) => bytes)).toEqual([first.pinnedRoot]);
  });

  it('accepts everything until the second before the timestamp ends', async () => {
    const { expires } = (await verify()).timestamp;
    await expect(verify(new Date(expires.getTime() - 1))).resolves.toBeDefined();
    await expect(verify(expires)).rejects.toThrowToolkit('TUF_EXPIRED', { role: 'timestamp' });
  });

  it.each(['root', 'targets', 'snapshot', 'timestamp'] as const)(
    'refuses an expired %s, the rest being fresh',
    async (role) => {
      const expired = { expires: formatInstant(inDays(-1)) };
      if (role === 'root')
        store.files.set('2.root.json', await forge(first.pinnedRoot, 'root', { version: 2, ...expired }, quorum));
      if (role === 'targets') await putTargets(await forge(fileAt('1.targets.json'), 'targets', expired, quorum));
      if (role === 'snapshot') await putSnapshot(await forge(fileAt('1.snapshot.json'), 'snapshot', expired, [online]));
      if (role === 'timestamp')
        store.files.set('timestamp.json', await forge(fileAt('timestamp.json'), role, expired, [online]));
      await expect(verify()).rejects.toThrowToolkit('TUF_EXPIRED', { role });
    },
  );

  it('refuses a tampered target, whether shorter, longer or changed', async () => {
    const path = targetPath('trusted_root.json', sha256Hex(targets.get('trusted_root.json') ?? ''));
    for (const text of ['{"trusted":"raat"}\n', '{}', `{"trusted":"root"}\n${' '.repeat(1e6)}`]) {
      store.files.set(path, utf8(text));
      await expect(verify()).rejects.toThrowToolkit('TUF_HASH', { path });
    }
    store.files.delete(path);
    await expect(verify()).rejects.toThrowToolkit('TUF_MISSING', { path });
  });

  it('refuses targets that the online key signed', async () => {
    await putTargets(await forge(fileAt('1.targets.json'), 'targets', {}, [online]));
    await expect(verify()).rejects.toThrowToolkit('TUF_THRESHOLD', { role: 'targets', have: 0 });
  });

  it.each(['snapshot', 'timestamp'] as const)('refuses a %s by another key', async (role) => {
    const path = role === 'snapshot' ? '1.snapshot.json' : 'timestamp.json';
    const forged = await forge(fileAt(path), role, {}, [seededSigner('mallory')]);
    if (role === 'snapshot') await putSnapshot(forged);
    else store.files.set(path, forged);
    await expect(verify()).rejects.toThrowToolkit('TUF_THRESHOLD', { role });
  });

  it('refuses a snapshot that is not the one the timestamp names (mix and match)', async () => {
    await resignOnline({ ...onRepository(published()), force: true });
    store.files.set('2.snapshot.json', fileAt('1.snapshot.json'));
    await expect(verify()).rejects.toThrowToolkit('TUF_HASH', { path: '2.snapshot.json' });
  });

  it('refuses metadata whose version is not that of its name', async () => {
    await putTargets(await forge(fileAt('1.targets.json'), 'targets', { version: 7 }, quorum));
    await expect(verify()).rejects.toThrowToolkit('TUF_VERSION', { role: 'targets', expected: 1, got: 7 });
  });

  it.each(['1.snapshot.json', '1.targets.json', 'timestamp.json'])('refuses a repository without %s', async (path) => {
    store.files.delete(path);
    await expect(verify()).rejects.toThrowToolkit('TUF_MISSING', { path });
  });

  it('refuses a snapshot that lists no targets', async () => {
    await putSnapshot(await forge(fileAt('1.snapshot.json'), 'snapshot', { meta: {} }, [online]));
    await expect(verify()).rejects.toThrowToolkit('TUF_METADATA');
  });

  it('refuses delegated roles, of which it would verify nothing', async () => {
    const delegations = {
      keys: {},
      roles: [{ name: 'npm', keyids: [], threshold: 1, terminating: true, paths: ['*'] }],
    };
    await putTargets(await forge(fileAt('1.targets.json'), 'targets', { delegations }, quorum));
    await expect(verify()).rejects.toThrowToolkit('TUF_DELEGATIONS', { roles: ['npm'] });
    const bins = { keys: {}, succinct_roles: { name_prefix: 'bin', keyids: [], threshold: 1, bit_length: 2 } };
    await putTargets(await forge(fileAt('1.targets.json'), 'targets', { delegations: bins }, quorum));
    await expect(verify()).rejects.toThrowToolkit('TUF_DELEGATIONS', { roles: ['bin'] });
  });

  it('refuses a root that gives up consistent snapshots', async () => {
    const root = await forge(first.pinnedRoot, 'root', { version: 2, consistent_snapshot: false }, quorum);
    store.files.set('2.root.json', root);
    await expect(verify()).rejects.toThrowToolkit('TUF_METADATA', { where: 'root: consistent_snapshot' });
  });

  it('passes on what the reader throws', async () => {
    const read = () => Promise.reject(new Error('wire cut'));
    await expect(verifyRepository({ read, pinnedRoot: first.pinnedRoot, now })).rejects.toThrow('wire cut');
  });
});

describe('verifyRepository with memory', () => {
  let before: VerifiedRepository;
  beforeEach(async () => {
    await resignOnline({ ...onRepository(published()), force: true });
    before = await verify();
  });

  it('accepts the same repository, and a newer one', async () => {
    await expect(verify(now, before)).resolves.toBeDefined();
    await resignOnline({ ...onRepository(published()), force: true });
    expect((await verify(now, before)).versions).toMatchObject({ snapshot: 3, timestamp: 3 });
  });

  it('refuses the whole repository as it was before (rollback)', async () => {
    store = new MemoryStore(first.store.files);
    await expect(verify()).resolves.toBeDefined();
    await expect(verify(now, before)).rejects.toThrowToolkit('TUF_ROLLBACK', { role: 'timestamp' });
  });

  it('refuses an older snapshot under a newer timestamp', async () => {
    const meta = parseMetadata(first.store.files.get('timestamp.json') as Uint8Array, 'timestamp').signed[
      'meta'
    ] as object;
    store.files.set(
      'timestamp.json',
      await forge(fileAt('timestamp.json'), 'timestamp', { version: 3, meta: { ...meta } }, [online]),
    );
    await expect(verify(now, before)).rejects.toThrowToolkit('TUF_ROLLBACK', { role: 'snapshot' });
  });

  it('refuses the same timestamp version with other content', async () => {
    const other = await forge(fileAt('timestamp.json'), 'timestamp', { expires: formatInstant(inDays(2)) }, [online]);
    store.files.set('timestamp.json', other);
    await expect(verify(now, before)).rejects.toThrowToolkit('TUF_ROLLBACK', { role: 'timestamp', version: 2 });
  });

  it('refuses a snapshot that forgets a file', async () => {
    const meta = { 'targets.json': { version: 1 }, 'npm.json': { version: 4 } };
    await putSnapshot(await forge(fileAt('2.snapshot.json'), 'snapshot', { version: 3, meta }, [online]), 3);
    before = await verify();
    const forgets = { version: 4, meta: { 'targets.json': { version: 1 } } };
    await putSnapshot(await forge(fileAt('3.snapshot.json'), 'snapshot', forgets, [online]), 4);
    store.files.set('timestamp.json', await forge(fileAt('timestamp.json'), 'timestamp', { version: 9 }, [online]));
    await expect(verify(now, before)).rejects.toThrowToolkit('TUF_ROLLBACK', { role: 'snapshot' });
  });
});

describe('readRepository', () => {
  it('accepts what has expired, and nothing else that is wrong', async () => {
    const read = readerOf(store);
    await expect(verify(inDays(1_000))).rejects.toThrowToolkit('TUF_EXPIRED');
    expect((await readRepository({ read, pinnedRoot: first.pinnedRoot })).versions.root).toBe(1);
    store.files.set('timestamp.json', await forge(fileAt('timestamp.json'), 'timestamp', {}, []));
    await expect(readRepository({ read, pinnedRoot: first.pinnedRoot })).rejects.toThrowToolkit('TUF_THRESHOLD');
  });
});
