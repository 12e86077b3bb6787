import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { $ } from 'zx/core';
import { ToolkitError } from '../core/error.ts';
import { shellWord } from '../core/shell.ts';
import { requireProgram } from './find-program.ts';
import { endWithUs, signalGroup } from './process-group.ts';

export interface ProgramOptions {
  /** An absolute path, or a name that is looked up in `env.PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** All of the program's environment: nothing is inherited. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the current directory of this process */
  readonly cwd?: string;
  readonly timeoutMs: number;
  /** What the program reads from its standard input. @default none */
  readonly input?: string;
  /** Limit of stdout and stderr together. @default 8 MiB */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ProgramResult {
  /** As a shell would say it: 128 + n for a program that was ended by signal n. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a program that has to end early may clean up between SIGTERM and SIGKILL. */
const cleanupMs = 3_000;

/**
 * Runs a program to its end, without a shell, and returns what it wrote, whatever its exit code.
 *
 * It is the leader of a process group of its own: when it has to end early, everything that it started ends with it.
 * @throws PROC_NOT_FOUND if there is no such program
 * @throws PROC_FAILED if it cannot be started
 * @throws PROC_TIMEOUT if it runs longer than `timeoutMs`
 * @throws PROC_OUTPUT if it writes more than `maxOutputBytes`
 * @throws the reason of `signal` if that is aborted
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  const file = await requireProgram(options.file, options.env?.['PATH'] ?? '');
  options.signal?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = () => stop.abort(options.signal?.reason);
  const timer = setTimeout(() => stop.abort(timedOut(file, options.timeoutMs)), options.timeoutMs);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await runUntil(stop, file, options);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

async function runUntil(stop: AbortController, file: string, options: ProgramOptions): Promise<ProgramResult> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[], stdall: [] };
  const input = options.input === undefined ? undefined : Buffer.from(options.input);
  const running = $({
    ...withoutShell(file, options.args),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...(input && { input }),
    store: output,
    signal: stop.signal,
    log: limitOutput(file, options.maxOutputBytes ?? 8 << 20, stop),
  })`${file}`;
  const pid = running.pid;
  // A program may end without reading its input; the broken pipe is no error of ours.
  running.child?.stdin?.on('error', () => undefined);
  const kill = () => setTimeout(() => pid && signalGroup(pid, 'SIGKILL'), cleanupMs).unref();
  stop.signal.addEventListener('abort', kill, { once: true });
  const forget = pid === undefined ? () => undefined : endWithUs(pid);
  const ended = await running.finally(forget);
  if (stop.signal.aborted) {
    if (pid) signalGroup(pid, 'SIGKILL');
    throw stop.signal.reason;
  }
  if (ended.cause) throw notStarted(file, ended.cause);
  return {
    exitCode: ended.exitCode ?? 128 + (ended.signal ? constants.signals[ended.signal] : 0),
    stdout: Buffer.concat(output.stdout).toString(),
    stderr: Buffer.concat(output.stderr).toString(),
  };
}

/**
 * Options with which zx starts `file` itself: a shell would add variables to the environment and would have to be
 * there. Every option that `ZX_…` variables could set is set.
 */
function withoutShell(file: string, args: readonly string[]) {
  return {
    spawn: ((_command: string, _args: unknown, options: object) =>
      spawn(file, args, { ...options, shell: false, signal: undefined })) as unknown as typeof spawn,
    shell: 'none',
    quote: String,
    prefix: '',
    postfix: '',
    preferLocal: false,
    verbose: false,
    quiet: true,
    nothrow: true,
    detached: true,
    timeout: 0,
  };
}

function limitOutput(file: string, maxBytes: number, stop: AbortController) {
  let bytes = 0;
  return (entry: { readonly kind: string; readonly data?: { readonly length: number } }): void => {
    if (entry.kind !== 'stdout' && entry.kind !== 'stderr') return;
    bytes += entry.data?.length ?? 0;
    if (bytes > maxBytes) stop.abort(tooTalkative(file, maxBytes));
  };
}

function timedOut(file: string, timeoutMs: number): ToolkitError {
  return new ToolkitError('PROC_TIMEOUT', {
    message: `${file}: expected to end within ${timeoutMs} ms, was still running and has been stopped`,
    fault: 'environment',
    data: { program: file, timeoutMs },
    hint: 'run the command again when this machine has less to do',
  });
}

function tooTalkative(file: string, maxBytes: number): ToolkitError {
  return new ToolkitError('PROC_OUTPUT', {
    message: `${file}: expected at most ${maxBytes} bytes of output, got more`,
    fault: 'environment',
    data: { program: file, maxBytes },
    hint: 'check that it is the program that was meant',
  });
}

/** The error for a program that the system refused to start. */
export function notStarted(file: string, cause: unknown): ToolkitError {
  return new ToolkitError('PROC_FAILED', {
    message: `${file}: cannot be started`,
    fault: 'environment',
    data: { program: file },
    hint: `check that it is a program for this machine: ls -l ${shellWord(file)}`,
    cause,
  });
}
