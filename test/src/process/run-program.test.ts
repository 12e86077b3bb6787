import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { startOf } from '../../../src/process/process-identity.ts';
import { type ProgramOptions, runProgram } from '../../../src/process/run-program.ts';

const path = '/usr/bin:/bin';

function sh(script: string, options: Partial<ProgramOptions> = {}) {
  return runProgram({ file: '/bin/sh', args: ['-c', script], timeoutMs: 10_000, ...options });
}

describe('runProgram', () => {
  it('returns the exit code and both outputs', async () => {
    expect(await sh('printf out; printf err >&2; exit 3')).toEqual({ exitCode: 3, stdout: 'out', stderr: 'err' });
  });

  it('hands arguments over as they are', async () => {
    const args = ['%s|', '', ' a b', '$(id)', "it's", '"', '\\', '*', '\n', 'ü'];
    const { stdout } = await runProgram({ file: 'printf', args, env: { PATH: path }, timeoutMs: 10_000 });
    expect(stdout).toBe(
      args
        .slice(1)
        .map((arg) => `${arg}|`)
        .join(''),
    );
  });

  it('gives the program the given environment and nothing else', async () => {
    const env = { PATH: path, 'NAME-WITH-DASHES': 'a b' };
    const { stdout } = await runProgram({ file: 'env', args: [], env, timeoutMs: 10_000 });
    expect(stdout.trim().split('\n').sort()).toEqual(['NAME-WITH-DASHES=a b', `PATH=${path}`]);
  });

  it('runs in the given directory', async () => {
    const { stdout } = await runProgram({ file: 'pwd', args: [], env: { PATH: path }, cwd: '/', timeoutMs: 10_000 });
    expect(stdout).toBe('/\n');
  });

  it('writes the input, and gives none by default', async () => {
    const big = 'x'.repeat(1 << 20);
    expect((await sh('/bin/cat', { input: big })).stdout).toBe(big);
    expect((await sh('/bin/cat', { input: '' })).stdout).toBe('');
    expect((await sh('/bin/cat')).stdout).toBe('');
  });

  it('accepts a program that does not read its input', async () => {
    expect((await sh('exit 0', { input: 'x'.repeat(1 << 20) })).exitCode).toBe(0);
  });

  it('keeps characters whole that arrive in two pieces', async () => {
    const { stdout } = await sh("printf '\\303'; /bin/sleep 0.05; printf '\\274'");
    expect(stdout).toBe('ü');
  });

  it('says like a shell which signal ended a program', async () => {
    expect((await sh('kill -9 $$')).exitCode).toBe(137);
  });

  it('refuses a program that does not exist', async () => {
    await expect(runProgram({ file: 'no-such-tool', args: [], timeoutMs: 1_000 })).rejects.toThrowToolkit(
      'PROC_NOT_FOUND',
      { program: 'no-such-tool' },
    );
  });

  it('refuses what the system cannot start', async () => {
    await expect(sh('exit 0', { cwd: '/no/such/directory' })).rejects.toThrowToolkit('PROC_FAILED', {
      program: '/bin/sh',
    });
  });

  it('refuses more output than allowed', async () => {
    await expect(sh('while :; do echo yes; done', { maxOutputBytes: 10_000 })).rejects.toThrowToolkit('PROC_OUTPUT', {
      maxBytes: 10_000,
    });
  });

  it('refuses to wait longer than the time limit, and ends what the program started', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'run-program-'));
    const script = `/bin/sleep 60 & echo $! > ${directory}/pid; wait`;
    await expect(sh(script, { timeoutMs: 300 })).rejects.toThrowToolkit('PROC_TIMEOUT', { timeoutMs: 300 });
    const child = Number(await readFile(join(directory, 'pid'), 'utf8'));
    await waitFor(async () => (await startOf(child)) === undefined, { what: 'the child to end', timeoutMs: 5_000 });
    await rm(directory, { recursive: true });
  });

  it('ends with the reason of its signal', async () => {
    const early = AbortSignal.abort(new Error('declined'));
    await expect(sh('exit 0', { signal: early })).rejects.toThrow('declined');
    const late = new AbortController();
    const running = sh('/bin/sleep 60', { signal: late.signal });
    setTimeout(() => late.abort(new Error('interrupted')), 50);
    await expect(running).rejects.toThrow('interrupted');
  });
});
