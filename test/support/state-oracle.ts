import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isErrno } from '../../src/core/error.ts';
import { waitFor } from '../../src/core/wait.ts';

/** What is written once and must never change: by path below the state directory, the digest of its bytes. */
export type WrittenOnce = ReadonlyMap<string, string>;

const durable = ['state.json', 'trust-material.json', 'keys', 'certificates', 'root-signing', 'tuf'];
/** Replaced when what is published changes. */
const replaced = new Set(['tuf/timestamp.json', 'root-signing/published.json']);

/**
 * Reads every durable file of a state directory and checks that each is whole; then that none of `before` is gone or
 * has other bytes. Returns what is there now.
 */
export async function checkState(state: string, before: WrittenOnce = new Map()): Promise<WrittenOnce> {
  const found = new Map<string, string>();
  for (const path of await filesBelow(state, durable)) {
    const bytes = await readFile(join(state, path));
    assertWhole(path, bytes.toString('latin1'));
    if (!replaced.has(path)) found.set(path, createHash('sha256').update(bytes).digest('hex'));
  }
  for (const [path, digest] of before) {
    if (found.get(path) !== digest) throw new Error(`${path}: was written once, and is now gone or has other bytes`);
  }
  return found;
}

/** A temporary name is what a kill may leave; under its own name a file is whole. */
function assertWhole(path: string, content: string): void {
  const isWhole =
    (!path.endsWith('.json') || isJson(content)) &&
    (!path.endsWith('.pem') || /^-----BEGIN [\s\S]+-----END [A-Z ]+-----\s*$/.test(content)) &&
    (!path.endsWith('.passphrase') || content.length >= 32) &&
    (!path.endsWith('.yaml') || content.endsWith('\n'));
  if (!isWhole) throw new Error(`${path}: half-written (${content.length} bytes)`);
}

function isJson(content: string): boolean {
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}

async function filesBelow(state: string, names: readonly string[]): Promise<readonly string[]> {
  const entries = await readdir(state, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => relative(state, join(entry.parentPath, entry.name)))
    .filter((path) => names.some((name) => path === name || path.startsWith(`${name}/`)))
    .sort();
}

/**
 * Returns the processes that have to do with a directory: their arguments or their environment name it. Servers
 * do, and so do clients, whose home is in the TMPDIR of their `up`.
 */
export async function processesOf(directory: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const described = pids.map(async (pid) => {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment, stat] = await Promise.all([read('cmdline'), read('environ'), read('stat')]);
    const isZombie = /\) Z /.test(stat);
    if (isZombie || !(command.includes(directory) || environment.includes(directory))) return undefined;
    return `${pid} ${command.replaceAll('\0', ' ').slice(0, 200)}`;
  });
  return (await Promise.all(described)).filter((found) => found !== undefined);
}

/** Resolves once no process has to do with the directory any more. */
export async function untilNothingRuns(directory: string, timeoutMs: number): Promise<void> {
  let running: readonly string[] = [];
  try {
    await waitFor(
      async () => {
        running = await processesOf(directory);
        return running.length === 0;
      },
      { what: 'every process to end', timeoutMs, intervalMs: 50 },
    );
  } catch {
    throw new Error(`still running after ${timeoutMs} ms:\n${running.join('\n')}`);
  }
}
