import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { importRepository } from '../../../ceremony/import/import-repository.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { seededSigner } from '../../support/root-of-trust.ts';

/** Loses `root-signing/`, and brings it back from what is published. */
async function reimport(bench: CeremonyBench): Promise<void> {
  const { layout, store, now } = bench;
  const source = await mkdtemp(join(tmpdir(), 'sigstead-mirror-'));
  for (const [path, bytes] of store.files) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), bytes);
  }
  await rm(layout.directory, { recursive: true });
  await importRepository({ layout, source, name: 'again', now });
  await rm(source, { recursive: true });
}

describe('publishEvent of an imported repository', () => {
  it('accepts a renewal by the holders of its root, and its own online key', async () => {
    await using bench = await CeremonyBench.published();
    await reimport(bench);
    const { repository } = await bench.run('renew', 'kind: renew\nreason: in time\n');
    expect(repository.versions).toEqual({ root: 2, targets: 2, snapshot: 2, timestamp: 2 });
    expect(repository.root.signed['roles']).toEqual(repository.roots[0]?.signed['roles']);
  });

  it('accepts another key of a holder who enrols, the others staying as they are', async () => {
    await using bench = await CeremonyBench.published();
    await reimport(bench);
    await bench.enrol('alice', seededSigner('alice 2'));
    const replace = 'kind: replace-key\nreason: new laptop\nholder: alice\n';
    const { repository } = await bench.run('replace', replace, [seededSigner('alice')]);
    expect(repository.versions.root).toBe(2);
    expect(repository.root.roles.root.keyids).toHaveLength(5);
  });

  it('accepts another online key, once somebody names it', async () => {
    await using bench = await CeremonyBench.published();
    await reimport(bench);
    await bench.rotateOnline('online 2');
    const { repository } = await bench.run('rotate', 'kind: rotate-online\nreason: a key of our own\n');
    expect(repository.timestamp.signatures).toHaveLength(2);
  });
});
