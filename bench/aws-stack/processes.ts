import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { CpuReading } from './cpu.ts';

/** Whose processor time is told: one process, or all that runs in a network namespace. */
export type Party = { readonly name: string } & ({ readonly pid: number } | { readonly namespace: string });

/** USER_HZ, in which Linux tells times to programs, whatever its own clock is. */
const ticksPerSecond = 100;

/** Programs of ours that run in the tasks of others: their processor time is told apart, whichever task it is. */
export const entryName = 'entry';
export const writeGateName = 'write-gate';
const ownNames: readonly string[] = [entryName, writeGateName];

/** Reads at once, on this thread: an instant later the load has gone on. A party of one process has to be alive. */
export function readCpu(parties: readonly Party[]): CpuReading {
  for (const party of parties) {
    if ('pid' in party && !readProcess(party.pid)) throw new Error(`${party.name}: no process ${party.pid}`);
  }
  const byPid = new Map(parties.flatMap((party) => ('pid' in party ? [[party.pid, party.name]] : [])));
  const byNamespace = new Map(
    parties.flatMap((party) => ('namespace' in party ? [[namespaceOf(party.namespace), party.name]] : [])),
  );
  // Nobody finds `entry`, once it has become the server: that stands in the reading too.
  const spent = Object.fromEntries([...parties.map(({ name }) => name), ...ownNames].map((name) => [name, 0]));
  for (const pid of processes()) {
    const found = readProcess(pid);
    const name = found && (byPid.get(pid) ?? byNamespace.get(found.namespace));
    if (name === undefined) continue;
    const whose = found && ownNames.includes(found.command) ? found.command : name;
    spent[whose] = (spent[whose] ?? 0) + (found?.cpuSeconds ?? 0);
  }
  return { at: performance.now() / 1_000, parties: spent, machine: machineSeconds() };
}

export interface ProcessReading {
  readonly command: string;
  /** User and system time of all its threads, the ended ones too; an `exec` does not begin it anew. */
  readonly cpuSeconds: number;
  readonly namespace: string;
}

/** Returns nothing of a process that has ended. */
export function readProcess(pid: number): ProcessReading | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return { ...parseStat(stat), namespace: readlinkSync(`/proc/${pid}/ns/net`) };
  } catch {
    return undefined;
  }
}

/** Parses /proc/PID/stat (proc(5)): the command may hold anything, parentheses too. */
export function parseStat(text: string): { readonly command: string; readonly cpuSeconds: number } {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { command: text.slice(open + 1, close), cpuSeconds: ticks / ticksPerSecond };
}

export function processes(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function namespaceOf(name: string): string {
  return `net:[${statSync(`/var/run/netns/${name}`).ino}]`;
}

/** All but idle and waiting for disks, from the first line of /proc/stat. */
function machineSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = line.trim().split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq) / ticksPerSecond;
}
