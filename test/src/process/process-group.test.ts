import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { endWithUs } from '../../../src/process/process-group.ts';
import { startOf } from '../../../src/process/process-identity.ts';
import { runProgram } from '../../../src/process/run-program.ts';

const supervisor = join(import.meta.dirname, 'exiting-supervisor.ts');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
});
afterEach(async () => await rm(directory, { recursive: true }));

describe('endWithUs', () => {
  it.each([
    ['exits', 0],
    ['throws', 1],
  ])('ends what a process started, and what that started, when it %s', async (way, exitCode) => {
    const args = ['--no-warnings', supervisor, way, directory];
    const ran = await runProgram({ file: process.execPath, args, timeoutMs: 20_000 });
    expect(ran).toMatchObject({ exitCode });
    const pids = JSON.parse(ran.stdout) as number[];
    expect(pids).toHaveLength(3);
    const alive = async () => (await Promise.all(pids.map(startOf))).filter((start) => start !== undefined);
    await waitFor(async () => (await alive()).length === 0, { what: 'the programs to end', timeoutMs: 2_000 });
  });

  it('leaves no trace once a group is let go', () => {
    const listeners = process.listeners('exit');
    const limit = process.getMaxListeners();
    const letGo = [endWithUs(2 ** 30), endWithUs(2 ** 30 + 1)];
    expect(process.listeners('exit')).toHaveLength(listeners.length + 2);
    for (const end of letGo) end();
    expect(process.listeners('exit')).toEqual(listeners);
    expect(process.getMaxListeners()).toBe(limit);
  });
});
