import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PinnedRoots, pinOf } from '../../ceremony/pinned-root.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import { publishedRepository } from '../support/root-of-trust.ts';

const [id, otherId] = ['a'.repeat(32), 'b'.repeat(32)];
const { pinnedRoot } = await publishedRepository();
const root = pinOf(parseMetadata(pinnedRoot, 'root'));

describe('PinnedRoots', () => {
  let directory: string;
  let roots: PinnedRoots;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    roots = new PinnedRoots(directory);
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  it('accepts as its own a root that this holder signed, once it is in force', async () => {
    expect(await roots.pinFor(id, [pinnedRoot])).toBeUndefined();
    await roots.rememberSigned(id, 'c'.repeat(64), root);
    expect(await roots.pinFor(id, [pinnedRoot])).toEqual(root);
  });

  it('never goes back, and refuses another root of the same version', async () => {
    await roots.remember(id, { ...root, version: 3 });
    await roots.remember(id, root);
    expect(await roots.pinFor(id, [pinnedRoot])).toEqual({ ...root, version: 3 });
    const other = { version: 3, sha256: 'd'.repeat(64) };
    await expect(roots.remember(id, other)).rejects.toThrowToolkit('CER_PINNED_OTHER', { version: 3 });
  });

  it('refuses a root that it knows from a repository of another id', async () => {
    await roots.remember(id, root);
    const renamed = roots.pinFor(otherId, [pinnedRoot]);
    await expect(renamed).rejects.toThrowToolkit('CER_PINNED_OTHER', { known: id, repository: otherId });
  });

  it('says which other root of a version was signed before', async () => {
    await roots.rememberSigned(id, 'c'.repeat(64), root);
    expect(await roots.signedOther(id, root)).toBeUndefined();
    expect(await roots.signedOther(id, { version: root.version, sha256: 'e'.repeat(64) })).toBe(root.sha256);
  });
});
