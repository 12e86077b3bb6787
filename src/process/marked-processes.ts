import { readdir } from 'node:fs/promises';
import { ToolkitError } from '../core/error.ts';
import { waitFor } from '../core/wait.ts';
import { isSameProcess, type ProcessIdentity, readProc, startOf } from './process-identity.ts';
import { parsePsEnvironments, ps } from './ps.ts';

/** The environment variable that tells which instance a server belongs to. */
export const markerVariable = 'SIGSTEAD_INSTANCE';

export interface MarkedProcess extends ProcessIdentity {
  readonly command: string;
}

/**
 * Returns the processes of this user, but this one, whose environment carries `SIGSTEAD_INSTANCE=marker`: what a
 * killed run left behind.
 * @throws PROC_MARKER if the marker is not 1 to 128 letters, digits, dots, dashes or underscores
 */
export async function findMarked(marker: string): Promise<readonly MarkedProcess[]> {
  if (!/^[\w.-]{1,128}$/.test(marker)) {
    throw new ToolkitError('PROC_MARKER', {
      message: `expected a marker of letters, digits, dots, dashes and underscores, got ${JSON.stringify(marker)}`,
      fault: 'caller',
    });
  }
  const assignment = `${markerVariable}=${marker}`;
  const marked = process.platform === 'linux' ? await markedByProc(assignment) : await markedByPs(assignment);
  return marked.filter((found) => found.pid !== process.pid);
}

export interface StopAllOptions {
  /** How long the system may take to end a process after SIGKILL. @default 5 000 */
  readonly patienceMs?: number;
  /** @default process.kill */
  readonly kill?: (pid: number, signal: NodeJS.Signals) => void;
}

/**
 * Ends processes that are not children of this one: SIGTERM, and SIGKILL for those that are left after `graceMs`.
 * Resolves once all are gone. A process that only shares the pid of one that has ended is never signalled.
 * @throws PROC_STUCK if one survives SIGKILL
 */
export async function stopAll(
  processes: readonly ProcessIdentity[],
  graceMs: number,
  options: StopAllOptions = {},
): Promise<void> {
  const { patienceMs = 5_000, kill = process.kill } = options;
  await signalLiving(processes, 'SIGTERM', kill);
  if (await haveEnded(processes, graceMs)) return;
  await signalLiving(processes, 'SIGKILL', kill);
  if (await haveEnded(processes, patienceMs)) return;
  const pids = (await living(processes)).map((one) => one.pid);
  throw new ToolkitError('PROC_STUCK', {
    message: `process ${pids.join(', ')}: expected to end after SIGKILL, still there after ${patienceMs} ms`,
    fault: 'environment',
    data: { pids },
    hint: 'look at it with ps: it may belong to another user, or wait for a disk that does not answer',
  });
}

/** Signals those of the processes that still live and are the same. */
export async function signalLiving(
  processes: readonly ProcessIdentity[],
  signal: NodeJS.Signals,
  kill: NonNullable<StopAllOptions['kill']> = process.kill,
): Promise<void> {
  for (const { pid } of await living(processes)) {
    try {
      kill(pid, signal);
    } catch {
      // ESRCH: it ended in between. EPERM: it stays, and stopAll says so.
    }
  }
}

async function haveEnded(processes: readonly ProcessIdentity[], withinMs: number): Promise<boolean> {
  try {
    return await waitFor(async () => (await living(processes)).length === 0, {
      what: 'processes to end',
      timeoutMs: withinMs,
    });
  } catch (error) {
    if (error instanceof ToolkitError && error.code === 'CORE_TIMEOUT') return false;
    throw error;
  }
}

async function living(processes: readonly ProcessIdentity[]): Promise<readonly ProcessIdentity[]> {
  const alive = await Promise.all(processes.map(isSameProcess));
  return processes.filter((_, index) => alive[index]);
}

async function markedByProc(assignment: string): Promise<readonly MarkedProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => markedProcess(pid, assignment)));
  return found.filter((one) => one !== undefined);
}

async function markedProcess(pid: number, assignment: string): Promise<MarkedProcess | undefined> {
  // The kernel shows the environment of our own processes only.
  const environment = (await readProc(`${pid}/environ`)).split('\0');
  if (!environment.includes(assignment)) return undefined;
  const startedAt = await startOf(pid);
  if (startedAt === undefined) return undefined;
  const command = (await readProc(`${pid}/cmdline`)).replaceAll('\0', ' ').trim();
  return { pid, startedAt, command };
}

async function markedByPs(assignment: string): Promise<readonly MarkedProcess[]> {
  return parsePsEnvironments(await ps(['-xEww', '-o', 'pid=,lstart=,command=']), assignment);
}
