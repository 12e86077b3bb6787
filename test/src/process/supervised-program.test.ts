import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { maxLogBytes, readTail } from '../../../src/process/log-file.ts';
import { startOf } from '../../../src/process/process-identity.ts';
import { type RunningProgram, startProgram } from '../../../src/process/supervised-program.ts';

let directory: string;
let logFile: string;
let started: RunningProgram[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'supervised-'));
  logFile = join(directory, 'program.log');
});
afterEach(async () => {
  await Promise.all(started.map((program) => program.stop(0)));
  started = [];
  await rm(directory, { recursive: true });
});

async function sh(script: string, file = '/bin/sh'): Promise<RunningProgram> {
  const env = { PATH: '/usr/bin:/bin', ONLY: 'this' };
  const program = await startProgram({ name: 'test', file, args: ['-c', script], env, cwd: directory, logFile });
  started.push(program);
  return program;
}

async function logged(text: string): Promise<void> {
  const look = async () => (await readFile(logFile, 'utf8')).includes(text);
  await waitFor(look, { what: `${text} in the log`, timeoutMs: 5_000 });
}

describe('startProgram', () => {
  it('appends both outputs to a log of mode 0600', async () => {
    await (await sh('echo one; echo two >&2')).exited;
    await (await sh('echo three')).exited;
    expect(await readFile(logFile, 'utf8')).toBe('one\ntwo\nthree\n');
    expect((await stat(logFile)).mode & 0o777).toBe(0o600);
  });

  it('tells how the program ended', async () => {
    expect(await (await sh('exit 7')).exited).toEqual({ code: 7, signal: null });
    expect(await (await sh('kill -9 $$')).exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('gives the program the given environment and nothing else', async () => {
    const program = await startProgram({
      name: 'test',
      file: 'env',
      args: [],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
      logFile,
    });
    await program.exited;
    expect(await readFile(logFile, 'utf8')).toBe('PATH=/usr/bin:/bin\n');
  });

  it('puts the program out of reach of Ctrl-C, into a session of its own', async () => {
    const program = await sh('cut -d" " -f5,6 /proc/$$/stat || ps -o pgid=,pgid= -p $$');
    await program.exited;
    expect((await readFile(logFile, 'utf8')).trim().split(/\s+/)).toEqual([`${program.pid}`, `${program.pid}`]);
  });

  it('sets a log that has grown too large aside', async () => {
    await writeFile(logFile, 'old');
    await truncate(logFile, maxLogBytes + 1);
    await (await sh('echo new')).exited;
    expect(await readFile(logFile, 'utf8')).toBe('new\n');
    expect((await stat(`${logFile}.1`)).size).toBe(maxLogBytes + 1);
  });

  it('refuses a program that does not exist', async () => {
    await expect(sh('', 'no-such-tool')).rejects.toThrowToolkit('PROC_NOT_FOUND');
  });

  it('refuses what the system cannot start', async () => {
    const file = join(directory, 'script');
    await writeFile(file, '#!/no/such/interpreter\n', { mode: 0o755 });
    await expect(sh('', file)).rejects.toThrowToolkit('PROC_FAILED', { program: file });
  });

  it('refuses to start without a log', async () => {
    logFile = join(directory, 'absent', 'program.log');
    await expect(sh('exit 0')).rejects.toThrowToolkit('PROC_LOG', { path: logFile });
  });
});

describe('stop', () => {
  it('lets the program end by itself', async () => {
    const program = await sh('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.02; done');
    await logged('ready');
    await program.stop(5_000);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.tail()).toMatch(/^ready\n(.*\n)?bye$/);
  });

  it('kills a program that ignores SIGTERM, with what it started', async () => {
    const program = await sh('trap "" TERM; sleep 60 & echo child=$!; while :; do sleep 0.02; done');
    await logged('child=');
    await program.stop(100);
    expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const child = Number(/child=(\d+)/.exec(await readFile(logFile, 'utf8'))?.[1]);
    await waitFor(async () => (await startOf(child)) === undefined, { what: 'the child to end', timeoutMs: 5_000 });
  });

  it('accepts a program that has ended, and a second call', async () => {
    const program = await sh('exit 0');
    await program.exited;
    await program.stop(0);
    await Promise.all([program.stop(0), program.stop(0)]);
  });
});

describe('tail', () => {
  it('returns the last 20 lines of this run', async () => {
    await (await sh('echo before')).exited;
    const few = await sh('echo after');
    await few.exited;
    expect(few.tail()).toBe('after');
    const many = await sh('for i in $(seq 1 100); do echo line $i; done');
    await many.exited;
    expect(many.tail().split('\n')).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 81}`));
  });

  it('removes what a terminal would obey', async () => {
    await writeFile(logFile, '\u001b[31mred\u001b[0m\u001b]0;title\u0007 \u202egnp\u0000\r\ttab\n');
    expect(readTail(logFile)).toBe('red gnp tab');
  });

  it('returns nothing where there is no log', () => {
    expect(readTail(logFile)).toBe('');
  });

  it('reads a bounded part of a long line', async () => {
    await writeFile(logFile, 'x'.repeat(1 << 20));
    expect(readTail(logFile)).toHaveLength(16 << 10);
  });
});
