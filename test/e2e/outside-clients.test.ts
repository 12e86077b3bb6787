import { appendFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCosign } from '../../local/servers.ts';
import { findSigstorePython } from '../../operate/clients/find-clients.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { startTestInstance, type TestInstance, temporaryDirectory, testUser } from '../support/instance.ts';

const python = await findSigstorePython(process.env);
const withPython = python ? it : it.skip;
const skipped = python ? '' : ' (SKIPPED: no sigstore-python on PATH or at $SIGSTEAD_SIGSTORE_PYTHON)';

describe('clients that know nothing but what "up" printed', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let instance: TestInstance;
  let cosign: string;
  let printed: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    [instance, { path: cosign }] = await Promise.all([
      startTestInstance({ state: join(directory.path, 'state') }),
      findCosign({ env: process.env, progress: silentProgress }),
    ]);
    printed = await waitFor(() => /^[\s\S]*--certificate-oidc-issuer .*$/m.exec(instance.up.head())?.[0], {
      what: 'the lines for clients',
      timeoutMs: 60_000,
    });
    // The name that the printed lines use.
    await writeFile(join(directory.path, 'FILE'), 'an artifact\n');
  }, 240_000);

  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  /** Returns a printed command as it stands, with the lines that a backslash continues. */
  function line(command: string): string {
    const found = new RegExp(`^ *(cosign ${command} (?:.*\\\\\n)*.*)$`, 'm').exec(printed)?.[1];
    if (found === undefined) throw new Error(`"up" printed no cosign ${command}: ${printed}`);
    return found;
  }

  /** Runs a line in the shell of somebody who has cosign, a home of their own and nothing else. */
  async function shell(command: string, extra: Readonly<Record<string, string>> = {}): Promise<ProgramResult> {
    const env = { HOME: join(directory.path, 'home'), PATH: `${dirname(cosign)}:/usr/bin:/bin`, ...extra };
    return await runProgram({ file: '/bin/sh', args: ['-c', command], env, cwd: directory.path, timeoutMs: 60_000 });
  }

  it('cosign signs and verifies with the printed lines, and no service flag', async () => {
    expect(`${line('initialize')} ${line('sign-blob')}`).not.toMatch(
      /--(?:fulcio|rekor|timestamp|signing|trusted|oidc)/,
    );
    expect(await shell(line('initialize'))).toMatchObject({ exitCode: 0 });
    const token = { SIGSTORE_ID_TOKEN: await instance.token(), COSIGN_YES: 'true' };
    expect(await shell(line('sign-blob'), token)).toMatchObject({ exitCode: 0 });
    expect(await shell(line('verify-blob'))).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('Verified OK'),
    });
  }, 120_000);

  withPython(
    `sigstore-python verifies the bundle that cosign signed${skipped}`,
    async () => {
      const { tufUrl, rootFile, issuer } = instance;
      const anchor = { tufUrl, rootFile };
      const home = join(directory.path, 'python');
      const file = join(directory.path, 'FILE');
      const expected = { identity: testUser, issuer };
      const request = { anchor, home, artifact: file, bundle: `${file}.sigstore.json`, expected };
      expect(await python?.initialize(anchor, home)).toEqual({ accepted: true });
      expect(await python?.verify(request)).toEqual({ accepted: true });
      const another = { ...expected, identity: 'other@example.com' };
      expect(await python?.verify({ ...request, expected: another })).toMatchObject({
        accepted: false,
        reason: expect.stringContaining('SANs do not match'),
      });
    },
    120_000,
  );

  it('cosign refuses the bundle once the artifact has changed', async () => {
    await appendFile(join(directory.path, 'FILE'), 'one more line\n');
    const refused = await shell(line('verify-blob'));
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('invalid signature when validating');
  }, 60_000);

  it('cosign accepts the printed checksum of the root, and refuses another', async () => {
    const checksum = /sha256 of the file +([0-9a-f]{64})/.exec(printed)?.[1] ?? '';
    const initialise = (sum: string, home: string) =>
      shell(`${line('initialize')} --root-checksum ${sum}`, { HOME: join(directory.path, home) });
    expect(await initialise(checksum, 'right')).toMatchObject({ exitCode: 0 });
    const wrong = checksum.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    const refused = await initialise(wrong, 'wrong');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/checksum/);
  }, 60_000);
});
