import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tried } from '../support/ceremony-fault-program.ts';
import { type CommandUnderFault, commandsUnderFault } from '../support/ceremony-under-fault.ts';
import { compileFaultInjector, linesOf } from '../support/fault-injector.ts';
import { projectDirectory } from '../support/instance.ts';
import { traceCalls } from '../support/traced-calls.ts';

const timeoutMs = 600_000;
const program = join(projectDirectory, 'test', 'support', 'ceremony-fault-program.ts');
const lanes = [1, 2];

let directory: string;
let library: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  await mkdir(join(directory, 'tmp'));
  library = compileFaultInjector(directory);
  await run('prepare');
}, timeoutMs);
afterAll(async () => await rm(directory, { recursive: true, force: true }));

describe('a call that changes files, failing or the last before kill -9', () => {
  it.each(commandsUnderFault)(
    'leaves what clients accept at that instant, and the same command completes it, at every call of %s',
    async (command) => {
      const calls = await callsOf(command);
      const tried = (await Promise.all(lanes.map((lane) => tryCalls(command, lane, calls)))).flat();
      const killed = tried.filter(({ fault }) => fault === 'kill');
      const failed = tried.filter(({ fault }) => fault !== 'kill');
      for (const points of [killed, failed]) {
        process.stderr.write(`${command}: ${points.length} points of ${calls.length} calls: ${tally(points)}\n`);
        expect(points.map(({ call }) => call).toSorted((a, b) => a - b)).toEqual([...calls.keys()].map((at) => at + 1));
      }
      expect(failed.filter(({ end }) => !ends.includes(end))).toEqual([]);
    },
    timeoutMs,
  );
});

/** Our words for a disk that refuses. */
const ends = ['CORE_FILE_WRITE', 'STORE_UNWRITABLE', 'CORE_LOCK'];

function tally(points: readonly Tried[]): string {
  const counts = new Map<string, number>();
  for (const { end } of points) counts.set(end, (counts.get(end) ?? 0) + 1);
  return [...counts].map(([end, count]) => `${count} ${end}`).join(', ');
}

/** Returns the calls of a clean run, as the injector counts them. The kernel must have seen the same. */
async function callsOf(command: CommandUnderFault): Promise<readonly string[]> {
  await run('copy', command, 'clean');
  const words = wordsOf('run', command, 'clean', '0', 'none');
  const { calls, stdout } = await traceCalls(words, {
    directory: join(directory, 'clean'),
    log: join(directory, `${command}.strace`),
    environment: preload(),
  });
  const counted = JSON.parse(stdout) as readonly string[];
  expect(counted).toEqual(calls);
  return counted;
}

/** Tries every second call, so that two programs share the work. */
async function tryCalls(command: CommandUnderFault, lane: number, calls: readonly string[]): Promise<readonly Tried[]> {
  const lines = linesOf(await run('try', command, String(lane), String(lanes.length), ...calls));
  return lines.map((line) => JSON.parse(line) as Tried);
}

async function run(...words: readonly string[]): Promise<string> {
  const [file, ...args] = wordsOf(...words);
  const { stdout } = await promisify(execFile)(file, args, {
    env: { ...process.env, ...preload() },
    maxBuffer: 1 << 24,
  });
  return stdout;
}

function wordsOf(...words: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, program, library, directory, ...words];
}

/** Each of several hundred starts of the program would strip the types anew, and who is killed does not tidy up. */
function preload() {
  return { LD_PRELOAD: library, NODE_COMPILE_CACHE: join(directory, 'compiled'), TMPDIR: join(directory, 'tmp') };
}
