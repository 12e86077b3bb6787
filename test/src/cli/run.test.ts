import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { type ProgramResult, runProgram } from '../../../src/process/run-program.ts';
import { startProgram } from '../../../src/process/supervised-program.ts';
import { runSigstead, sigsteadJson, userEnvironment } from '../../support/instance.ts';

const program = join(import.meta.dirname, 'cli-program.ts');

describe('runCli', () => {
  it('accepts a result: stdout has it alone, stderr has the talk', async () => {
    const [text, json] = await Promise.all([run('ok'), run('ok', '--json')]);
    expect(text).toMatchObject({ exitCode: 0, stdout: 'the answer is 42\n' });
    expect(text.stderr).toMatch(/^talk\nsigstead: warning: careful\n✓ work \(\d+\.\d s\)\n$/);
    expect(json).toMatchObject({
      exitCode: 0,
      stdout: '{\n  "answer": 42\n}\n',
      stderr: expect.stringContaining('talk'),
    });
  });

  it('accepts a result with an exit code of its own, and one that was emitted before the end', async () => {
    const [partial, emits] = await Promise.all([run('partial'), run('emits', '--json')]);
    expect(partial).toEqual({ exitCode: 5, stdout: 'not ready\n', stderr: '' });
    expect(JSON.parse(emits.stdout)).toEqual({ early: true });
  });

  it.each([
    ['caller', 1],
    ['usage', 2],
    ['input', 3],
    ['evidence', 4],
    ['environment', 5],
    ['declined', 6],
  ])('ends with the exit code of the fault: %s is %d', async (name, exitCode) => {
    expect(await run(name)).toMatchObject({ exitCode, stdout: '' });
  });

  it('explains an error on stderr, and as one document with --json', async () => {
    const { exitCode, stdout, stderr } = await run('evidence', '--json');
    expect(exitCode).toBe(4);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'OPS_TEST',
        message: 'a problem of kind evidence',
        fault: 'evidence',
        hint: 'look at it',
        data: { fault: 'evidence' },
      },
    });
    expect(stderr.split('\n')).toEqual([
      'sigstead: error: a problem of kind evidence',
      'sigstead: cause: deep: deeper',
      'sigstead: hint: look at it',
      '',
    ]);
  });

  it('calls a bug a bug, with its stack', async () => {
    const { exitCode, stdout, stderr } = await run('bug', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'CORE_BUG', message: 'not a function' } });
    expect(stderr).toMatch(
      /error: not a function\nsigstead: hint: this is a bug.*\nTypeError: not a function\n {4}at /,
    );
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with 130 when it is interrupted by %s', async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    const logFile = join(directory, 'log');
    const env = userEnvironment();
    const child = await startProgram({
      name: 'cli',
      file: process.execPath,
      args: [program, 'waits'],
      env,
      cwd: directory,
      logFile,
    });
    await waitFor(() => child.tail().includes('waiting'), { what: 'the program to wait', timeoutMs: 20_000 });
    process.kill(child.pid, signal);
    expect(await child.exited).toEqual({ code: 130, signal: null });
    expect(child.tail()).toContain(`sigstead: error: interrupted by ${signal}`);
    await rm(directory, { recursive: true });
  });
});

describe('sigstead', () => {
  it('refuses an unknown command, and says how to find the right one', async () => {
    expect(await runSigstead(['upp'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'sigstead: error: unknown command: upp\nsigstead: hint: run: sigstead --help\n',
    });
  });

  it('refuses an unknown option', async () => {
    const { exitCode, document } = await sigsteadJson(['trust', 'lint', 'x', '--stat', 'y']);
    expect(exitCode).toBe(2);
    expect(document['error']).toMatchObject({ code: 'CLI_USAGE', hint: 'run: sigstead trust lint --help' });
  });

  it('refuses a directory that is not there, by the path of the file that it wants', async () => {
    const missing = join(tmpdir(), 'sigstead-there-is-no-such-directory');
    const { exitCode, document, stderr } = await sigsteadJson(['trust', 'lint', missing]);
    expect(exitCode).toBe(3);
    expect(document['error']).toMatchObject({
      code: 'CORE_FILE_MISSING',
      message: `${missing}/trusted_root.json: no such file`,
    });
    expect(stderr).toContain(`sigstead: error: ${missing}/trusted_root.json: no such file\n`);
  });

  it('refuses to tell the environment of an instance that was never up', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    const { exitCode, document } = await sigsteadJson(['env', '--state', join(directory, 'none')]);
    expect(exitCode).toBe(3);
    expect(document['error']).toMatchObject({ code: 'OPS_NO_INSTANCE' });
    await rm(directory, { recursive: true });
  });

  it('accepts --help and --version', async () => {
    const [help, version] = await Promise.all([runSigstead(['trust', 'diff', '--help']), sigsteadJson(['--version'])]);
    expect(help).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringContaining('sigstead trust diff OLD_DIR NEW_DIR'),
    });
    expect(version).toMatchObject({ exitCode: 0, document: { version: expect.stringMatching(/^\d/) } });
  });
});

async function run(...args: readonly string[]): Promise<ProgramResult> {
  return await runProgram({
    file: process.execPath,
    args: [program, ...args],
    env: userEnvironment(),
    timeoutMs: 20_000,
  });
}
