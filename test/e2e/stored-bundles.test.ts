import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { screenOf } from '../../ceremony/review/screen.ts';
import { StateDirectory } from '../../local/state.ts';
import { readPublished } from '../../operate/root-of-trust.ts';
import { floorToSecond, formatInstant } from '../../src/core/clock.ts';
import { waitFor } from '../../src/core/wait.ts';
import { CeremonyBench } from '../support/ceremony-bench.ts';
import { startTestInstance, temporaryDirectory } from '../support/instance.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';

const [trustedRoot, signingConfig] = ['trusted_root.json', 'signing_config.v0.2.json'];

interface TrustedRootFile {
  readonly tlogs: object[];
  readonly timestampAuthorities: readonly { validFor: { start: string } }[];
}

/** A bundle of real servers, and the trust files that they published. */
describe('the rule stored-bundles', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let bench: CeremonyBench;
  let published: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const state = join(directory.path, 'state');
    bench = await CeremonyBench.begin();
    await using instance = await startTestInstance({ state });
    await using issued = await IssuedBundles.of(state);
    await issued.sign();
    await mkdir(bench.layout.bundles, { recursive: true });
    for (const { artifact, bundle } of issued.signed) {
      await copyFile(artifact, join(bench.layout.bundles, 'release'));
      await copyFile(bundle, join(bench.layout.bundles, 'release.sigstore.json'));
    }
    const { targetFiles } = await readPublished(new StateDirectory(state));
    for (const name of [trustedRoot, signingConfig]) {
      await writeFile(join(bench.layout.targets, name), targetFiles.get(name) ?? '');
    }
    published = await readFile(join(bench.layout.targets, trustedRoot), 'utf8');
    // A timestamp has whole seconds: what begins now has to begin in a later one.
    const nextSecond = floorToSecond(new Date()).getTime() + 1_000;
    await waitFor(() => Date.now() >= nextSecond, { what: 'the next second', timeoutMs: 5_000, intervalMs: 20 });
    bench.now = new Date();
    await bench.run('genesis', 'kind: genesis\nreason: begin\n');
    expect(await instance.run('down')).toMatchObject({ exitCode: 0 });
  }, 240_000);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const change = async (edit: (root: TrustedRootFile) => void) => {
    const root = JSON.parse(published);
    edit(root);
    await writeFile(join(bench.layout.targets, trustedRoot), `${JSON.stringify(root)}\n`);
  };

  it('accepts a change after which the bundle still verifies', async () => {
    await change((root) => root.tlogs.reverse());
    await bench.plan('respelled', 'kind: update-targets\nreason: other spaces\n');
    expect(screenOf(await bench.review('respelled')).refusedBundles).toEqual([]);
  });

  it('refuses one after which it would not, unless trust is revoked; then the screen says what it costs', async () => {
    // As if the authorities had begun only now: what they stamped before no longer counts.
    const start = formatInstant(bench.now);
    await change((root) => {
      for (const { validFor } of root.timestampAuthorities) validFor.start = start;
    });
    await expect(bench.plan('ended', 'kind: update-targets\nreason: end it\n')).rejects.toThrowToolkit(
      'CER_PLAN_REFUSED',
      {
        findings: expect.arrayContaining([
          expect.objectContaining({ rule: 'stored-bundles', where: 'bundles/release' }),
        ]),
      },
    );
    await bench.plan('revoked', 'kind: update-targets\nreason: end it\nrevokes: true\n');
    expect(screenOf(await bench.review('revoked')).refusedBundles).toEqual([expect.stringMatching(/^release: /)]);
  });
});
