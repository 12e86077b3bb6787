import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import { readPublished } from '../../operate/root-of-trust.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { sigsteadJson, startTestInstance, temporaryDirectory } from '../support/instance.ts';
import { expectRefusal } from '../support/refusals.ts';
import { republish } from '../support/tampering.ts';

const inDays = (days: number): Date => addMs(new Date(), days * dayMs);

describe('the root of trust at a start', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let saved: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    state = new StateDirectory(join(directory.path, 'state'));
    saved = join(directory.path, 'saved');
    await using instance = await startTestInstance({ state: state.path });
    expect(await instance.run('down')).toMatchObject({ exitCode: 0 });
    await copyTrust(state.path, saved);
  }, 120_000);

  afterEach(async () => {
    await copyTrust(saved, state.path);
  });

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  /** Copies the published repository and the root that clients pin. */
  async function copyTrust(from: string, to: string): Promise<void> {
    for (const part of ['tuf', 'root-signing']) {
      await rm(join(to, part), { recursive: true, force: true });
      await cp(join(from, part), join(to, part), { recursive: true });
    }
  }

  const up = () => sigsteadJson(['up', '--once', '--state', state.path]);

  async function versions() {
    return (await readPublished(state)).versions;
  }

  it('renews a timestamp and a snapshot that have run out, and leaves root and targets alone', async () => {
    await republish(state, inDays(-8));
    const { exitCode, stderr } = await up();
    // The clients of `up --once` start from the published repository: they have accepted the new timestamp.
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/warning: .*timestamp v1 expired/),
    });
    expect(stderr).not.toMatch(/warning: .*root v1/);
    expect(await versions()).toEqual({ root: 1, targets: 1, snapshot: 2, timestamp: 2 });
  }, 120_000);

  it('renews an expired root loudly, and clients that pin the first one follow', async () => {
    await republish(state, inDays(-200));
    const pinned = sha256Hex(await readFile(state.pinnedRootFile));
    const { exitCode, document, stderr } = await up();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(
        /^sigstead: warning: root of trust: root v1 expired at \S+; v2 is signed and valid/m,
      ),
    });
    expect(document).toMatchObject({ rootSha256: pinned });
    expect(await versions()).toEqual({ root: 2, targets: 2, snapshot: 2, timestamp: 2 });
  }, 120_000);

  it('refuses a timestamp of the future: the clock went back', async () => {
    await republish(state, inDays(30));
    expectRefusal(await up(), { exitCode: 5, code: 'CER_CLOCK_WENT_BACK', names: ['timestamp v1', '7 days'] });
  }, 60_000);

  it('refuses a published trusted_root.json that was changed', async () => {
    const { targetFiles } = await readPublished(state);
    const changed = Buffer.from(targetFiles.get('trusted_root.json') ?? []);
    const path = `targets/${sha256Hex(changed)}.trusted_root.json`;
    changed.write(changed.toString().replace('sigstead.test', 'sigstead.evil'));
    await writeFile(join(state.repository, path), changed);
    expectRefusal(await up(), { exitCode: 4, code: 'TUF_HASH', names: ['trusted_root.json'] });
  }, 60_000);

  it('refuses an old copy of the repository, and none at all', async () => {
    const forced = await sigsteadJson(['ceremony', 'resign-online', '--force', '--state', state.path]);
    expect(forced).toMatchObject({ exitCode: 0 });
    const memory = await readFile(state.publishedMemoryFile);
    await copyTrust(saved, state.path);
    await writeFile(state.publishedMemoryFile, memory);
    expectRefusal(await up(), { exitCode: 4, code: 'OPS_ROLLED_BACK', names: ['snapshot', 'expected v2'] });
    await rm(state.repository, { recursive: true });
    expectRefusal(await up(), { exitCode: 4, code: 'OPS_REPOSITORY_LOST', names: [state.repository] });
  }, 60_000);

  it('refuses a published first root that is not the one that clients pin', async () => {
    const path = join(state.repository, '1.root.json');
    await writeFile(path, `${await readFile(path, 'utf8')}\n`);
    expectRefusal(await up(), { exitCode: 4, code: 'OPS_ROOT_CHANGED', names: [path] });
  }, 60_000);

  it('refuses another policy than the root was made by', async () => {
    const path = join(state.rootSigning, 'policy.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('threshold: 3', 'threshold: 2'));
    expectRefusal(await up(), { exitCode: 4, code: 'OPS_POLICY_CHANGED', names: [path] });
  }, 60_000);

  it('refuses other targets, though all holders signed them', async () => {
    const { targetFiles } = await readPublished(state);
    const text = Buffer.from(targetFiles.get('trusted_root.json') ?? []).toString();
    const other = Buffer.from(text.replaceAll('log2026-1.sigstead.test', 'log2027-1.sigstead.test'));
    await republish(state, new Date(), new Map([...targetFiles, ['trusted_root.json', other]]));
    const names = [state.repository, 'log2027-1.sigstead.test'];
    expectRefusal(await up(), { exitCode: 4, code: 'OPS_TRUST_CHANGED', names });
  }, 60_000);
});
