import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { verifyTranscript } from '../../ceremony/transcript/transcript.ts';
import type { Stage } from '../../operate/rehearse/stage.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { CeremonyUnderFault, type CommandUnderFault } from './ceremony-under-fault.ts';
import { type Fault, faultInjector } from './fault-injector.ts';
import { WatchingClients } from './watching-clients.ts';

/*
 * LD_PRELOAD=LIBRARY node ceremony-fault-program.ts LIBRARY DIRECTORY …
 *
 *   prepare                        holds the ceremony, and keeps the state before each command
 *   copy COMMAND COPY              copies the state before a command
 *   run COMMAND COPY CALL FAULT    runs the command in the copy, with a fault at one of its calls; prints the calls
 *   try COMMAND FIRST STEP CALL …  at every STEPth of the calls from FIRST: an error, then kill -9; prints a line each
 */
const [library = '', directory = '', mode = '', command, ...rest] = process.argv.slice(2);
const injector = faultInjector(library);
const ceremony = new CeremonyUnderFault(directory);

switch (mode) {
  case 'prepare':
    await ceremony.prepare();
    break;
  case 'copy':
    await ceremony.copy(command as CommandUnderFault, rest[0] ?? '');
    break;
  case 'run':
    await run(command as CommandUnderFault, rest);
    break;
  case 'try':
    await tryCalls(command as CommandUnderFault, rest);
    break;
}

async function run(of: CommandUnderFault, [copy = '', call, fault]: readonly string[]): Promise<void> {
  const stage = ceremony.stage(copy);
  injector.arm(stage.path(), Number(call), fault as Fault);
  await ceremony.run(stage, of);
  print(injector.disarm());
}

/** What happened at one call. */
export interface Tried {
  readonly call: number;
  readonly fault: Fault;
  /** What the command ended with: `done`, `SIGKILL`, or the code of its error. */
  readonly end: string;
}

async function tryCalls(of: CommandUnderFault, [first, step, ...calls]: readonly string[]): Promise<void> {
  const name = `${of}-${first}`;
  const before = await clientsBefore(of, name);
  for (let call = Number(first); call <= calls.length; call += Number(step)) {
    const what = calls[call - 1] ?? '';
    for (const fault of [errorOf(what), 'kill'] as const) {
      const stage = await ceremony.copy(of, name);
      const point = { of, name, call, fault, what };
      const end = await meet(stage, point).catch((error: unknown) => Promise.reject(at(point, error)));
      await checkRepeat(stage, before, point).catch((error: unknown) => Promise.reject(at(point, error)));
      print({ call, fault, end } satisfies Tried);
    }
  }
}

interface Point {
  readonly of: CommandUnderFault;
  /** Of the copy. */
  readonly name: string;
  readonly call: number;
  readonly fault: Exclude<Fault, 'none'>;
  readonly what: string;
}

/** What a disk says that is full, or broken where no space is asked for. */
function errorOf(what: string): 'ENOSPC' | 'EIO' {
  return /^(?:fsync|fdatasync|unlink)/.test(what) ? 'EIO' : 'ENOSPC';
}

async function meet(stage: Stage, { of, name, call, fault, what }: Point): Promise<string> {
  if (fault === 'kill') {
    const args = [fileURLToPath(import.meta.url), library, directory, 'run', of, name, String(call), fault];
    const end = await promisify(execFile)(process.execPath, args).catch((error: { signal?: string }) => error);
    if (!('signal' in end) || end.signal !== 'SIGKILL') throw new Error(`was not killed: ${JSON.stringify(end)}`);
    return end.signal;
  }
  injector.arm(stage.path(), call, fault);
  const end = await ceremony.run(stage, of).then(() => 'done', codeOf);
  const calls = injector.disarm();
  if (calls[call - 1] !== what) throw new Error(`expected another call, got ${calls[call - 1]}`);
  if (!what.startsWith('unlink')) await assertNothingHalfWritten(stage);
  return end;
}

/** An error of the disk is told as one, never as ours. */
function codeOf(error: unknown): string {
  if (error instanceof ToolkitError && error.fault === 'environment') return error.code;
  throw error;
}

async function checkRepeat(stage: Stage, before: WatchingClients, { of, name }: Point): Promise<void> {
  const published = stage.path('published');
  const atOnce = await before.follow({ published, memory: memory(`${name}-at-once`) });
  await atOnce.look();
  await assertWhole(stage);
  await ceremony.run(stage, of);
  await ceremony.goOn(stage, of);
  await atOnce.look();
  await (await before.follow({ published, memory: memory(`${name}-later`) })).look();
}

async function clientsBefore(of: CommandUnderFault, name: string): Promise<WatchingClients> {
  const stage = await ceremony.copy(of, name);
  const pinnedRoot = await readFile(stage.path('1.root.json'));
  const before = WatchingClients.begin({ published: stage.path('published'), memory: memory(name), pinnedRoot });
  await before.look();
  return before;
}

function memory(name: string): string {
  return join(directory, 'memory', name);
}

async function assertNothingHalfWritten(stage: Stage): Promise<void> {
  const left = (await readdir(stage.path(), { recursive: true })).filter((path) => path.endsWith('.tmp'));
  if (left.length > 0) throw new Error(`left half-written: ${left.join(', ')}`);
}

/** Every file that has its name is whole. */
async function assertWhole(stage: Stage): Promise<void> {
  for (const path of await readdir(stage.path(), { recursive: true })) {
    if (path.endsWith('.json')) JSON.parse(await readFile(stage.path(path), 'utf8'));
    if (path.endsWith('.jsonl')) verifyTranscript({ bytes: await readFile(stage.path(path)) });
  }
}

function at({ of, call, what, fault }: Point, cause: unknown): Error {
  const said = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return new Error(`${of}: ${fault} at call ${call} (${what}): ${said}`, { cause });
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
