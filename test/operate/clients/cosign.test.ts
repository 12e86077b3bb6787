import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CosignClient } from '../../../operate/clients/cosign.ts';
import { pathExists } from '../../../src/core/files.ts';
import { waitFor } from '../../../src/core/wait.ts';

const token = 'eyJ.secret.token';

let home: string;
let client: CosignClient;
/** A cosign that writes down how it was called and ends as it is told; the real one is met end to end. */
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  const file = join(home, 'cosign');
  const lines = [
    '#!/bin/sh',
    'printf "%s\\n" "$@" > "$HOME/arguments"',
    'env > "$HOME/environment"',
    'echo no >&2',
    'test ! -e "$HOME/fails"',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(file, 0o755);
  client = new CosignClient(file, 'v3.1.2');
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

const anchor = { tufUrl: 'http://127.0.0.1:1', rootFile: '/root.json' };
const given = async (name: string) => (await readFile(join(home, name), 'utf8')).trim().split('\n');

describe('CosignClient', () => {
  it('signs without a service flag, with the token in the environment alone', async () => {
    await client.sign({ anchor, home, artifact: 'a', bundle: 'b', identityToken: token });
    expect(await given('arguments')).toEqual(['sign-blob', 'a', '--bundle', 'b', '--yes']);
    expect(await given('environment')).toEqual(
      expect.arrayContaining([`SIGSTORE_ID_TOKEN=${token}`, `HOME=${home}`, `TUF_ROOT=${home}/sigstore-root`]),
    );
  });

  it('inherits nothing of ours', async () => {
    await client.initialize(anchor, home);
    const names = (await given('environment')).map((line) => line.split('=')[0]);
    expect(
      names.filter((name) => !['HOME', 'TUF_ROOT', 'PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')),
    ).toEqual([]);
  });

  it('verifies for one identity of one issuer', async () => {
    const expected = { identity: 'dev@example.com', issuer: 'http://127.0.0.1:2' };
    expect(await client.verify({ anchor, home, artifact: 'a', bundle: 'b', expected })).toEqual({ accepted: true });
    expect(await given('arguments')).toEqual([
      ...['verify-blob', 'a', '--bundle', 'b', '--certificate-identity', 'dev@example.com'],
      ...['--certificate-oidc-issuer', 'http://127.0.0.1:2'],
    ]);
  });

  it('gives no verdict when it is interrupted', async () => {
    const interrupt = new AbortController();
    const file = join(home, 'waits');
    await writeFile(file, '#!/bin/sh\n: > "$HOME/started"\nexec sleep 60\n');
    await chmod(file, 0o755);
    const verdict = new CosignClient(file, 'v3.1.2', interrupt.signal).initialize(anchor, home);
    await waitFor(() => pathExists(join(home, 'started')), { what: 'cosign to start', timeoutMs: 10_000 });
    interrupt.abort(new Error('interrupted'));
    await expect(verdict).rejects.toThrow('interrupted');
  });

  it('says what cosign said when it fails, and never the token', async () => {
    await writeFile(join(home, 'fails'), '');
    expect(await client.initialize(anchor, home)).toEqual({ accepted: false, reason: 'no' });
    const failed = client.sign({ anchor, home, artifact: 'a', bundle: 'b', identityToken: token });
    await expect(failed).rejects.toThrowToolkit('OPS_SIGN_FAILED', { client: 'cosign', exitCode: 1 });
    await expect(failed).rejects.toThrow('cosign v3.1.2 could not sign: no');
    expect(JSON.stringify(await failed.catch((error: Error) => [error.message, error]))).not.toContain(token);
  });
});
