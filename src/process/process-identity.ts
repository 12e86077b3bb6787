import { readFile } from 'node:fs/promises';
import { ToolkitError } from '../core/error.ts';
import { parsePsStart, ps } from './ps.ts';

/** A process for as long as it lives: the system gives its pid to others later, but never the same start with it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the words of the system; different after a reboot. */
  readonly startedAt: string;
}

/**
 * Returns the identity of a process that lives now.
 * @throws PROC_GONE if there is none, or only its zombie
 */
export async function identityOf(pid: number): Promise<ProcessIdentity> {
  const startedAt = await startOf(pid);
  if (startedAt !== undefined) return { pid, startedAt };
  throw new ToolkitError('PROC_GONE', { message: `process ${pid}: has ended`, fault: 'environment', data: { pid } });
}

/** True if the process still lives, and is not another one that got its pid. */
export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  return (await startOf(identity.pid)) === identity.startedAt;
}

/** Returns when a process started, or `undefined` if there is none or only its zombie. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return parsePsStart(await ps(['-o', 'stat=,lstart=', '-p', String(pid)]));
  const ticks = parseStat(await readProc(`${pid}/stat`));
  return ticks && `${(await readProc('sys/kernel/random/boot_id')).trim()} ${ticks}`;
}

/** Reads a file below /proc; `''` for what is gone or belongs to another user. */
export async function readProc(path: string): Promise<string> {
  return await readFile(`/proc/${path}`, 'utf8').catch(() => '');
}

/** Reads field 22 of proc(5) stat; the name in field 2 may itself hold spaces and parentheses. */
function parseStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}
