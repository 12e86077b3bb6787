import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { runGenesis } from '../../ceremony/genesis.ts';
import { renewRoot } from '../../ceremony/renew.ts';
import { resignOnline } from '../../ceremony/resign-online.ts';
import { directoryStore } from '../../src/store/directory-store.ts';
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
  rootPolicy,
  seededSigner,
  targets,
} from '../support/root-of-trust.ts';

const first = await publishedRepository();
let published: Published;
beforeEach(() => {
  published = { store: new MemoryStore(first.store.files), pinnedRoot: first.pinnedRoot };
});

describe('resignOnline', () => {
  it('signs nothing that is fresh', async () => {
    const { changed, repository, periods } = await resignOnline(onRepository(published, inDays(0.5)));
    expect(changed).toEqual([]);
    expect(published.store.writes).toEqual([]);
    expect(repository.versions.timestamp).toBe(1);
    expect(periods.timestamp.state).toBe('fresh');
  });

  it.each([
    [1, ['timestamp.json']],
    [7, ['2.snapshot.json', 'timestamp.json']],
    [59, ['2.snapshot.json', 'timestamp.json']],
  ])('after %d days writes %j', async (days, paths) => {
    const { changed, repository, periods } = await resignOnline(onRepository(published, inDays(days)));
    expect(changed).toEqual(paths);
    expect(repository.timestamp.expires).toEqual(inDays(days + 3));
    expect([periods.snapshot.state, periods.timestamp.state]).toEqual(['fresh', 'fresh']);
  });

  it('signs both when forced, one version later each time', async () => {
    for (const version of [2, 3]) {
      const { repository } = await resignOnline({ ...onRepository(published), force: true });
      expect(repository.versions).toEqual({ root: 1, targets: 1, snapshot: version, timestamp: version });
    }
  });

  it('says that the online key is stolen where no version is left, and signs nothing', async () => {
    const { files } = published.store;
    const version = Number.MAX_SAFE_INTEGER;
    const before = files.get('timestamp.json') ?? new Uint8Array();
    files.set('timestamp.json', await forge(before, 'timestamp', { version }, [online]));
    await expect(resignOnline({ ...onRepository(published), force: true })).rejects.toThrowToolkit(
      'CER_NO_VERSION_LEFT',
      { role: 'timestamp', version },
    );
    expect(published.store.writes).toEqual([]);
    files.set('timestamp.json', await forge(before, 'timestamp', { version: version - 1 }, [online]));
    const { repository } = await resignOnline({ ...onRepository(published), force: true });
    expect(repository.versions.timestamp).toBe(version);
  });

  it.each([
    ['targets', 90],
    ['root', 180],
  ])('refuses when %s has expired, and signs nothing', async (role, days) => {
    if (role === 'root') {
      await renewRoot({ ...onRepository(published, inDays(95)), holders: holders(), force: ['targets'] });
      published.store.writes.length = 0;
    }
    await expect(resignOnline(onRepository(published, inDays(days)))).rejects.toThrowToolkit('TUF_EXPIRED', { role });
    expect(published.store.writes).toEqual([]);
  });

  it('refuses when targets do not verify', async () => {
    const targetsFile = published.store.files.get('1.targets.json') as Uint8Array;
    published.store.files.set('1.targets.json', await forge(targetsFile, 'targets', {}, [online]));
    await expect(resignOnline({ ...onRepository(published), force: true })).rejects.toThrowToolkit('TUF_THRESHOLD', {
      role: 'targets',
    });
    expect(published.store.writes).toEqual([]);
  });

  it('refuses when it cannot see what the last version was', async () => {
    published.store.files.delete('timestamp.json');
    await expect(resignOnline(onRepository(published))).rejects.toThrowToolkit('CER_NO_REPOSITORY');
  });

  it('refuses a key that the root does not name, before it signs', async () => {
    let asked = 0;
    const mallory = seededSigner('mallory');
    const sign = (message: Uint8Array) => {
      asked += 1;
      return mallory.sign(message);
    };
    const key = { ...mallory, sign };
    await expect(resignOnline({ ...onRepository(published), online: key, force: true })).rejects.toThrowToolkit(
      'CER_ONLINE_KEY',
      { role: 'snapshot' },
    );
    expect(asked).toBe(0);
  });

  it('refuses when the clock went back', async () => {
    await expect(resignOnline(onRepository(published, inDays(-1)))).rejects.toThrowToolkit('CER_CLOCK_WENT_BACK');
  });

  it('steps over a snapshot that an interrupted run left', async () => {
    published.store.files.set('2.snapshot.json', new Uint8Array([1]));
    const { repository } = await resignOnline({ ...onRepository(published), force: true });
    expect(repository.versions).toMatchObject({ snapshot: 3, timestamp: 2 });
  });

  it('is safe when several run at once on one directory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    try {
      const store = () => directoryStore(directory);
      const { root } = await runGenesis({
        policy: rootPolicy(),
        holders: holders(),
        online,
        targets,
        store: store(),
        now,
      });
      const run = () =>
        resignOnline({ ...onRepository({ ...published, pinnedRoot: root.bytes }, inDays(1)), store: store() });
      const results = await Promise.all([run(), run(), run()]);
      expect(results.map(({ changed }) => changed.length).sort()).toEqual([0, 0, 1]);
      expect(results.map(({ repository }) => repository.versions.timestamp)).toEqual([2, 2, 2]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
