import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import { assertTrustMaterial } from '../../operate/instance-material.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { ctNoteVerifier } from '../../src/tlog/ct-key.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { projectDirectory, startTestInstance, type TestInstance, temporaryDirectory } from '../support/instance.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';
import { TestWitness } from '../support/witness.ts';

/** The smallest instance, whose logs both have the witness. */
async function witnessedConfig(directory: string, { key, url }: TestWitness): Promise<string> {
  const examples = join(projectDirectory, 'examples');
  await cp(join(examples, 'root-signing'), join(directory, 'root-signing'), { recursive: true });
  const minimal = await readFile(join(examples, 'minimal.yaml'), 'utf8');
  const file = join(directory, 'sigstead.yaml');
  await writeFile(file, minimal.replaceAll(/: \[\{ shard: /g, ': [{ witnesses: w.policy, shard: '));
  await writeFile(join(directory, 'w.policy'), `witness w ${key.vkey} ${url}\nquorum w\n`);
  return file;
}

describe('an instance on one machine whose logs have a witness', () => {
  const witness = new TestWitness();
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let instance: TestInstance;
  let material: TrustMaterial;
  let issued: IssuedBundles;

  const logsOf = ({ rekor, ct }: TrustMaterial) => [
    ...rekor.map(({ shard, origin, publicKey }) => ({
      ...{ service: `rekor-${shard}`, origin, verifier: rekorNoteVerifier(origin, publicKey) },
    })),
    ...ct.map(({ shard, origin, publicKey }) => ({
      ...{ service: `ct-${shard}`, origin, verifier: ctNoteVerifier(origin, publicKey) },
    })),
  ];
  const published = async (log: ReturnType<typeof logsOf>[number]) =>
    verifyCheckpoint(await readFile(join(state.dataOf(log.service), 'checkpoint')), log);
  const isCosigned = ({ note }: VerifiedCheckpoint) => note.signatures.some(({ name }) => name === witness.key.name);

  beforeAll(async () => {
    await witness.start();
    directory = await temporaryDirectory();
    state = new StateDirectory(join(directory.path, 'state'));
    const config = await witnessedConfig(directory.path, witness);
    instance = await startTestInstance({ state: state.path, args: ['--config', config] });
    material = await assertTrustMaterial(state);
    issued = await IssuedBundles.of(state.path);
  }, 240_000);

  afterAll(async () => {
    await issued?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
    await witness.close();
  }, 60_000);

  it('begins although the witness knows none of its logs yet: upstream fails open', async () => {
    for (const log of logsOf(material)) expect(isCosigned(await published(log))).toBe(false);
  });

  it('has what it publishes cosigned, once the witness knows its logs', async () => {
    const logs = logsOf(material);
    for (const log of logs) witness.know(log);
    await issued.sign();
    for (const log of logs) {
      const what = `a cosigned checkpoint of ${log.origin}`;
      const checkpoint = await waitFor(
        async () => {
          const now = await published(log);
          return isCosigned(now) ? now : undefined;
        },
        { what, timeoutMs: 30_000 },
      );
      expect(checkpoint.size).toBeGreaterThan(0);
      expect(witness.last(log.origin)?.size).toBeGreaterThanOrEqual(checkpoint.size);
    }
  }, 60_000);

  it('issues bundles with the cosignature in them, which clients accept', async () => {
    await issued.sign();
    const bundle = await readFile(issued.signed.at(-1)?.bundle ?? '', 'utf8');
    const [entry] = JSON.parse(bundle).verificationMaterial.tlogEntries;
    expect(entry.inclusionProof.checkpoint.envelope).toContain(`— ${witness.key.name} `);
    await issued.verifyAll();
    const smoke = await instance.run('smoke', '--json');
    expect(smoke).toMatchObject({ exitCode: 0 });
  }, 240_000);

  it('goes on without the cosignature, after 5 s of each log, while the witness is silent: upstream fails open', async () => {
    witness.fallSilent();
    const began = Date.now();
    await issued.sign();
    expect(Date.now() - began).toBeGreaterThan(10_000);
    await issued.verifyAll();
    for (const log of logsOf(material)) expect(isCosigned(await published(log))).toBe(false);
  }, 60_000);
});
