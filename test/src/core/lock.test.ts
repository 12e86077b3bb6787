import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tryLock } from '../../../src/core/lock.ts';
import { waitFor } from '../../../src/core/wait.ts';
import { type RunningProgram, startProgram } from '../../../src/process/supervised-program.ts';

const holder = join(import.meta.dirname, 'lock-holder.ts');

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  path = join(directory, 'up.lock');
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

describe('tryLock', () => {
  it('is held once in a process, and free again after its release', () => {
    const lock = tryLock(path);
    expect(lock).toBeDefined();
    expect(tryLock(path)).toBeUndefined();
    lock?.release();
    const again = tryLock(path);
    expect(again).toBeDefined();
    again?.release();
  });

  it('is held by one process of two, and free as soon as that one is killed', async () => {
    const other = await otherProcess();
    await waitFor(() => other.tail().includes('held'), { what: 'the other process', timeoutMs: 20_000 });
    expect(tryLock(path)).toBeUndefined();
    process.kill(other.pid, 'SIGKILL');
    await other.exited;
    const lock = tryLock(path);
    expect(lock).toBeDefined();
    const third = await otherProcess();
    expect(await third.exited).toEqual({ code: 0, signal: null });
    expect(third.tail()).toContain('busy');
    lock?.release();
  });

  it('refuses a place where no file can be', async () => {
    expect(() => tryLock(join(directory, 'missing', 'up.lock'))).toThrowToolkit('CORE_LOCK');
    await mkdir(join(directory, 'is-a-directory'));
    expect(() => tryLock(join(directory, 'is-a-directory'))).toThrowToolkit('CORE_LOCK');
  });
});

async function otherProcess(): Promise<RunningProgram> {
  return await startProgram({
    name: 'holder',
    file: process.execPath,
    args: ['--no-warnings', holder, path],
    env: {},
    cwd: directory,
    logFile: join(directory, `${Math.random()}.log`),
  });
}
