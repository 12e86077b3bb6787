import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireProgram } from './find-program.ts';
import { openLog, readHead, readTail } from './log-file.ts';
import { endWithUs, signalGroup } from './process-group.ts';
import { notStarted } from './run-program.ts';

export interface StartOptions {
  /** Names the program in messages, e.g. `rekor-log2026-1`. */
  readonly name: string;
  /** An absolute path, or a name that is looked up in `env.PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** All of the program's environment: nothing is inherited. Put `markerVariable` in it to find orphans again. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Its output is appended here (mode 0600). */
  readonly logFile: string;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A program that keeps running until it is stopped or fails. */
export interface RunningProgram {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the program has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<ProgramEnd>;
  /** Sends SIGTERM, and SIGKILL after `graceMs`; resolves once the program is gone. May be called again. */
  stop(graceMs: number): Promise<void>;
  /** Returns the last lines that this run wrote, safe to show on a terminal. */
  tail(): string;
  /** Returns the first 16 KiB that this run wrote, as they are. */
  head(): string;
}

/**
 * Starts a program and returns once the system has accepted it. The caller stops it.
 *
 * It gets a session of its own: Ctrl-C in a terminal signals every process of the foreground group, and programs
 * that depend on each other must be stopped in order, by us. The price is that a `kill -9` of this process leaves
 * them running; `findMarked` finds them.
 * @throws PROC_NOT_FOUND, PROC_FAILED, PROC_LOG
 */
export async function startProgram(options: StartOptions): Promise<RunningProgram> {
  const file = await requireProgram(options.file, options.env['PATH'] ?? '');
  const log = await openLog(options.logFile);
  try {
    const { size } = await log.stat();
    const child = spawn(file, options.args, {
      env: options.env,
      cwd: options.cwd,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    const exited = endOf(child);
    const pid = await pidOf(child, file);
    void exited.then(endWithUs(pid));
    return {
      name: options.name,
      pid,
      exited,
      stop: (graceMs) => stopGroup(pid, exited, graceMs),
      tail: () => readTail(options.logFile, { fromByte: size }),
      head: () => readHead(options.logFile, size),
    };
  } finally {
    await log.close();
  }
}

function endOf(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      // What the program itself started must not outlive it.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      resolve({ code, signal });
    });
  });
}

async function pidOf(child: ChildProcess, file: string): Promise<number> {
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw notStarted(file, cause);
  }
  if (child.pid === undefined) throw notStarted(file, 'no process id');
  // From here on an `error` event can only be a signal that could not be sent, and we send them ourselves.
  child.on('error', () => undefined);
  return child.pid;
}

async function stopGroup(leader: number, exited: Promise<ProgramEnd>, graceMs: number): Promise<void> {
  if (await hasEnded(exited, 0)) return;
  signalGroup(leader, 'SIGTERM');
  if (await hasEnded(exited, graceMs)) return;
  signalGroup(leader, 'SIGKILL');
  await exited;
}

async function hasEnded(exited: Promise<ProgramEnd>, withinMs: number): Promise<boolean> {
  const patience = new AbortController();
  try {
    const late = sleep(withinMs, false, { signal: patience.signal }).catch(() => false);
    return await Promise.race([exited.then(() => true), late]);
  } finally {
    patience.abort();
  }
}
