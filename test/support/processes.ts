import { readdir, readFile } from 'node:fs/promises';

/** Only Linux shows the processes of a user as files; the tests that need this say so where they are skipped. */
export const hasProc = process.platform === 'linux';

const ticksPerSecond = 100;
const kibibyte = 1_024;

export interface ProcessUsage {
  readonly rssBytes: number;
  /** The most that it ever had. */
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
}

/** Returns the arguments of every process of this machine, by pid. */
export async function commandLines(): Promise<ReadonlyMap<number, readonly string[]>> {
  const lines = await Promise.all((await allPids()).map(async (pid) => [pid, await argumentsOf(pid)] as const));
  return new Map(lines);
}

export async function argumentsOf(pid: number): Promise<readonly string[]> {
  return (await readProc(pid, 'cmdline')).split('\0');
}

/** Returns the processes that a process started itself and that still live. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  const parents = await Promise.all((await allPids()).map(async (pid) => [pid, await parentOf(pid)] as const));
  return parents.filter(([, each]) => each === parent).map(([pid]) => pid);
}

export async function usageOf(pid: number): Promise<ProcessUsage> {
  const status = await readProc(pid, 'status');
  const memory = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * kibibyte;
  // utime and stime of proc(5) stat, fields 14 and 15.
  const [user, system] = (await statFields(pid)).slice(11, 13).map(Number);
  return {
    rssBytes: memory('VmRSS'),
    peakRssBytes: memory('VmHWM'),
    cpuSeconds: ((user ?? Number.NaN) + (system ?? Number.NaN)) / ticksPerSecond,
  };
}

async function parentOf(pid: number): Promise<number> {
  return Number((await statFields(pid))[1]);
}

/** The fields of proc(5) stat behind the name, which may itself hold spaces: the state, field 3, comes first. */
async function statFields(pid: number): Promise<readonly string[]> {
  const stat = await readProc(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function allPids(): Promise<readonly number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function readProc(pid: number, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
