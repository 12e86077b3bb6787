import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../../src/core/wait.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { runSigstead, sigsteadJson, userEnvironment } from '../support/instance.ts';

const program = join(import.meta.dirname, 'cli-program.ts');
/** The program is started often; where Node keeps compiled code by default. */
const environment = userEnvironment({ NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') });

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

  it('prints one document, also when something fails after it', async () => {
    const late = await run('--json', 'late');
    expect(late).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('error: a problem of kind environment'),
    });
    expect(JSON.parse(late.stdout)).toEqual({ early: true });
  });

  it.each([
    [['help'], { commands: expect.any(Array) }],
    [['--help'], { commands: expect.any(Array) }],
    [[], { commands: expect.any(Array) }],
    [['help', 'ok'], { command: 'ok', summary: 'ends as ok' }],
    [['--version'], { version: '1.2.3' }],
  ])('answers %j, with --json too', async (words, document) => {
    const { exitCode, stdout } = await run(...words, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(document);
  });

  // How every other fault ends is in test/src/core/error.test.ts.
  it.each([
    ['usage', 2],
    ['declined', 6],
  ])('ends with the exit code of the error: %s is %d', async (name, exitCode) => {
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

  it('tells a cause once, also where the message has it in parentheses', async () => {
    expect((await run('explained')).stderr).toBe('sigstead: error: no answer (bad port)\n');
  });

  it('shows no escape sequence of what others wrote, and keeps the lines of a message', async () => {
    const { exitCode, stderr } = await run('escapes');
    expect(exitCode).toBe(3);
    expect(stderr.split('\n')).toEqual([
      'sigstead: warning: ab',
      'sigstead: error: one:',
      'two',
      'sigstead: cause: c',
      'sigstead: hint: look',
      '',
    ]);
  });

  it('tells of every moment if it is asked to, a line each', async () => {
    expect(await run('traced')).toMatchObject({ exitCode: 0, stderr: '' });
    const args = [program, 'traced'];
    const env = { ...environment, SIGSTEAD_TRACE: '1' };
    const { stderr } = await runProgram({ file: process.execPath, args, env, timeoutMs: 20_000 });
    expect(stderr).toBe('sigstead: reached: lock-taken\nsigstead: reached: key-made fulcio\n');
  });

  it('calls a bug a bug, with its stack', async () => {
    const { exitCode, stdout, stderr } = await run('bug', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'CORE_BUG', message: 'not a function' } });
    expect(stderr).toMatch(
      /error: not a function\nsigstead: hint: this is a bug.*\nTypeError: not a function\n {4}at /,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 when it is interrupted by %s', async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    const logFile = join(directory, 'log');
    const child = await startProgram({
      name: 'cli',
      file: process.execPath,
      args: [program, 'waits'],
      env: environment,
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
  it('refuses an unknown command or option, and prints the line that was meant', async () => {
    const [command, option] = await Promise.all([
      runSigstead(['upp', '--once']),
      runSigstead(['status', '--stat', 'x']),
    ]);
    expect(command).toMatchObject({ exitCode: 2, stdout: '' });
    expect(command.stderr).toMatch(
      /^sigstead: error: unknown command upp; expected one of up, status, .*, trust, images, aws, ceremony$/m,
    );
    expect(command.stderr).toMatch(/^sigstead: hint: did you mean: sigstead up --once$/m);
    expect(option).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'sigstead: error: unknown option --stat; expected one of --state, --config, --json, --help\n' +
        'sigstead: hint: did you mean: sigstead status --state x\n',
    });
  });

  it('refuses a directory that is not there, by the path of the file that it wants', async () => {
    const missing = join(tmpdir(), 'sigstead-there-is-no-such-directory');
    const { exitCode, document, stderr } = await sigsteadJson(['trust', 'lint', missing]);
    expect(exitCode).toBe(3);
    expect(document['error']).toMatchObject({
      code: 'CORE_FILE_MISSING',
      message: `${missing}/trusted_root.json: no such file`,
    });
    expect(stderr).toMatch(/^sigstead: error: \S+: no such file\nsigstead: hint: check each part of the path; .*\n$/);
  });

  it('accepts --help on stdout', async () => {
    const help = await runSigstead(['logs', '--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('\n  sigstead logs [SERVICE] [OPTIONS]\n');
  });
});

async function run(...args: readonly string[]): Promise<ProgramResult> {
  return await runProgram({
    file: process.execPath,
    args: [program, ...args],
    env: environment,
    timeoutMs: 20_000,
  });
}
