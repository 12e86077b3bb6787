import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../src/core/json.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { type RunningProgram, startProgram } from '../../src/process/supervised-program.ts';

/** Top of the checkout. */
export const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));

const sigstead = join(projectDirectory, 'bin', 'sigstead');
const startTimeoutMs = 120_000;

/** The environment of a person who runs the command line: ours, without what jest needs for itself. */
export function userEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...extra };
}

export interface SigsteadOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs one command of the command line to its end, as its users do. */
export async function runSigstead(args: readonly string[], options: SigsteadOptions = {}): Promise<ProgramResult> {
  return await runProgram({
    file: sigstead,
    args,
    env: userEnvironment(options.environment),
    timeoutMs: options.timeoutMs ?? startTimeoutMs,
  });
}

/** Like `runSigstead` with `--json`; returns the document and the exit code. */
export async function sigsteadJson(
  args: readonly string[],
  options: SigsteadOptions = {},
): Promise<{ exitCode: number; document: JsonObject; stderr: string }> {
  const { exitCode, stdout, stderr } = await runSigstead([...args, '--json'], options);
  return { exitCode, document: JSON.parse(stdout) as JsonObject, stderr };
}

/** An instance that a separate `sigstead up` process keeps up. */
export interface TestInstance extends AsyncDisposable {
  readonly state: string;
  /** The `up` process; kill it to see what happens. */
  readonly up: RunningProgram;
  readonly tufUrl: string;
  readonly rootFile: string;
  readonly issuer: string;
  /** Runs a command on this instance's state. */
  run(...args: readonly string[]): Promise<ProgramResult>;
  /** Returns an ID token of the first test user. */
  token(): Promise<string>;
}

export const testUser = 'dev@example.com';

/** Makes a directory of its own for one test, gone when disposed of. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface StartInstanceOptions extends SigsteadOptions {
  readonly state: string;
  readonly args?: readonly string[];
  /** Lets `login --test-user` hand out tokens. @default true */
  readonly testGrant?: boolean;
}

/** Starts `sigstead up` (with `--test-grant`) and returns once `sigstead env` says that it is ready. Disposing stops it. */
export async function startTestInstance(options: StartInstanceOptions): Promise<TestInstance> {
  const { state } = options;
  const up = await startProgram({
    name: 'up',
    file: sigstead,
    args: ['up', ...(options.testGrant === false ? [] : ['--test-grant']), '--state', state, ...(options.args ?? [])],
    env: userEnvironment(options.environment),
    cwd: projectDirectory,
    logFile: `${state}.up.log`,
  });
  const run = (...args: readonly string[]) => runSigstead([...args, '--state', state], options);
  let ended = false;
  void up.exited.then(() => {
    ended = true;
  });
  const env = await waitFor(
    async () => {
      if (ended) throw new Error(`sigstead up ended: ${up.tail()}`);
      const { exitCode, stdout } = await run('env', '--json');
      return exitCode === 0 ? (JSON.parse(stdout) as Record<string, string>) : undefined;
    },
    { what: 'the instance to be ready', timeoutMs: options.timeoutMs ?? startTimeoutMs, intervalMs: 200 },
  );
  return {
    state,
    up,
    tufUrl: env['SIGSTEAD_TUF_URL'] ?? '',
    rootFile: env['SIGSTEAD_TUF_ROOT'] ?? '',
    issuer: env['SIGSTEAD_OIDC_ISSUER'] ?? '',
    run,
    token: async () => (await run('login', '--test-user', testUser)).stdout.trim(),
    [Symbol.asyncDispose]: async () => {
      await up.stop(60_000);
      await run('down');
      await rm(`${state}.up.log`, { force: true });
    },
  };
}
