import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateDirectory } from '../../local/state.ts';
import { sha256Hex } from '../../src/core/digest.ts';

/** Returns the hash of every file that a start must not change unless it says so: keys, chains, facts and trust. */
export async function fingerprintOf(state: StateDirectory): Promise<Readonly<Record<string, string>>> {
  const parts = [
    state.factsFile,
    state.materialFile,
    state.keys,
    state.certificates,
    state.rootSigning,
    state.repository,
  ];
  const files = (await Promise.all(parts.map(filesOf))).flat();
  return Object.fromEntries(await Promise.all(files.map(async (path) => [path, sha256Hex(await readFile(path))])));
}

/** Returns the files at and below a path, in order. */
export async function filesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return undefined;
      throw error;
    },
  );
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
