import { statfs } from 'node:fs/promises';
import { shellWord } from '../src/core/shell.ts';
import type { StateDirectory } from './state.ts';

/** Below this, a log cannot even begin a new table of its database. */
const hardlyAnyBytes = 16 << 20;
const hardlyAnyFiles = 100;

/**
 * Returns what to do about a server that failed. A full disk is looked for: their databases are mapped into memory,
 * and the last words of a server that finds no room there are those of a crash.
 */
export async function failureHint(service: string, state: StateDirectory): Promise<string> {
  const log = `see the whole log: sigstead logs ${service} --state ${shellWord(state.path)}`;
  const disk = await statfs(state.path).catch(() => undefined);
  if (disk === undefined) return log;
  const free = disk.bavail * disk.bsize;
  // Some file systems count no files.
  const isFull = free < hardlyAnyBytes || (disk.files > 0 && disk.ffree < hardlyAnyFiles);
  const room = `only ${Math.floor(free / 1024)} KiB and ${disk.ffree} files are left on the disk of ${state.path}`;
  return isFull ? `${room}: free some space and run the same command again; or ${log}` : log;
}
