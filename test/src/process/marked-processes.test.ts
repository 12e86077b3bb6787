import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { findMarked, markerVariable, stopAll } from '../../../src/process/marked-processes.ts';
import { identityOf, isSameProcess } from '../../../src/process/process-identity.ts';
import { type RunningProgram, startProgram } from '../../../src/process/supervised-program.ts';

let directory: string;
let marker: string;
let started: RunningProgram[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'marked-'));
  marker = randomUUID();
});
afterEach(async () => {
  await Promise.all(started.map((program) => program.stop(0)));
  started = [];
  await rm(directory, { recursive: true });
});

async function sleeper(mark: string, script?: string): Promise<RunningProgram> {
  const program = await startProgram({
    name: 'sleeper',
    ...(script === undefined ? { file: 'sleep', args: ['60'] } : { file: 'sh', args: ['-c', script] }),
    env: { PATH: '/usr/bin:/bin', [markerVariable]: mark },
    cwd: directory,
    logFile: join(directory, 'log'),
  });
  started.push(program);
  let ended = false;
  void program.exited.then(() => {
    ended = true;
  });
  // For a moment after it was started a process shows no environment yet.
  await waitFor(async () => ended || (await findMarked(mark)).some(({ pid }) => pid === program.pid), {
    what: 'the process to show its marker',
    timeoutMs: 5_000,
  });
  return program;
}

describe('findMarked', () => {
  it('finds the processes of one instance and of no other', async () => {
    const ours = [await sleeper(marker), await sleeper(marker)];
    await sleeper(`${marker}-2`);
    const found = await findMarked(marker);
    expect(found.map((one) => one.pid).sort()).toEqual(ours.map((one) => one.pid).sort());
    expect(found[0]?.command).toContain('sleep');
  });

  it.each(['', 'a b', 'a=b', 'x'.repeat(129), 'a\n'])('refuses the marker %j', async (bad) => {
    await expect(findMarked(bad)).rejects.toThrowToolkit('PROC_MARKER');
  });
});

describe('stopAll', () => {
  it('ends processes, also one that ignores SIGTERM', async () => {
    await sleeper(marker);
    await sleeper(marker, 'trap "" TERM; exec sleep 60');
    await stopAll(await findMarked(marker), 200);
    expect(await findMarked(marker)).toEqual([]);
  });

  it('never signals a process that got the pid of one that has ended', async () => {
    const program = await sleeper(marker);
    await stopAll([{ pid: program.pid, startedAt: 'long ago' }], 200);
    expect(await findMarked(marker)).toHaveLength(1);
  });

  it('accepts processes that have ended', async () => {
    const found = [await identityOf((await sleeper(marker)).pid)];
    await stopAll(found, 200);
    await stopAll(found, 200);
    await stopAll([], 0);
  });

  it('refuses to leave a process behind in silence', async () => {
    const { pid } = await sleeper(marker);
    const forbidden = () => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    };
    const options = { kill: forbidden, patienceMs: 50 };
    await expect(stopAll([await identityOf(pid)], 50, options)).rejects.toThrowToolkit('PROC_STUCK', { pids: [pid] });
  });
});

describe('identityOf', () => {
  it('stays the same while the process lives', async () => {
    const program = await sleeper(marker);
    const identity = await identityOf(program.pid);
    expect(await identityOf(program.pid)).toEqual(identity);
    expect(await isSameProcess(identity)).toBe(true);
    expect(await isSameProcess({ ...identity, startedAt: 'long ago' })).toBe(false);
    await program.stop(0);
    expect(await isSameProcess(identity)).toBe(false);
  });

  it('refuses a process that has ended', async () => {
    const program = await sleeper(marker, 'exit 0');
    await program.exited;
    await expect(identityOf(program.pid)).rejects.toThrowToolkit('PROC_GONE', { pid: program.pid });
  });
});
