import { beforeEach, describe, expect, it } from '@jest/globals';
import { updateTargets } from '../../ceremony/update-targets.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import {
  holders,
  inDays,
  MemoryStore,
  onRepository,
  type Published,
  publishedRepository,
  targets,
} from '../support/root-of-trust.ts';

const first = await publishedRepository();
const quorum = holders('alice', 'bob', 'carol');
const other = new Map([...targets, ['trusted_root.json', utf8('{"trusted":"more"}\n')]]);
let published: Published;
beforeEach(() => {
  published = { store: new MemoryStore(first.store.files), pinnedRoot: first.pinnedRoot };
});
const update = (days = 0) => ({ ...onRepository(published, inDays(days)), holders: quorum, targets: other });

describe('updateTargets', () => {
  it('publishes the changed target and leaves the old file to older clients', async () => {
    const { changed, repository } = await updateTargets(update());
    const hash = sha256Hex('{"trusted":"more"}\n');
    expect(changed).toEqual([
      `targets/${hash}.trusted_root.json`,
      '2.targets.json',
      '2.snapshot.json',
      'timestamp.json',
    ]);
    expect(repository.targetFiles.get('trusted_root.json')).toEqual(other.get('trusted_root.json'));
    for (const path of first.store.files.keys()) expect(published.store.files.has(path)).toBe(true);
  });

  it('publishes nothing if the same targets are published', async () => {
    expect((await updateTargets({ ...update(), targets })).changed).toEqual([]);
    expect(published.store.writes).toEqual([]);
  });

  it('accepts targets that expired, for it replaces them', async () => {
    expect((await updateTargets(update(100))).repository.versions).toMatchObject({ root: 1, targets: 2 });
  });

  it('refuses under an expired root', async () => {
    await expect(updateTargets(update(181))).rejects.toThrowToolkit('TUF_EXPIRED', { role: 'root' });
  });

  it('refuses too few holders', async () => {
    const few = { ...update(), holders: holders('alice', 'bob') };
    await expect(updateTargets(few)).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', { role: 'targets', have: 2 });
  });

  it('refuses a target whose name is not plain', async () => {
    const named = { ...update(), targets: new Map([['a/b.json', utf8('x')]]) };
    await expect(updateTargets(named)).rejects.toThrowToolkit('CER_PLAN_REFUSED');
    expect(published.store.writes).toEqual([]);
  });
});
