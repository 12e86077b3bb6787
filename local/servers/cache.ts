import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { sha256Hex } from '../../src/core/digest.ts';
import { isErrno } from '../../src/core/error.ts';
import { readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { assertOwnFile, hasOwnDirectory } from '../../src/core/ownership.ts';
import { buildFlags } from './go-build.ts';

const maxSourceBytes = 1 << 20;

/**
 * Returns the directory that holds the binaries of a Go module for this machine. Its name is a hash of everything
 * they are made from: module file, checksums, our own sources, flags, and platform. It need not exist.
 * @throws CORE_FILE_MISSING if there is no go.mod
 */
export async function cacheDirectory(moduleDirectory: string, env: NodeJS.ProcessEnv): Promise<string> {
  return join(userCache(env), 'sigstead', 'servers', (await sourceHash(moduleDirectory)).slice(0, 32));
}

const hint =
  'others may have put programs there: remove it to have the servers built anew, or set XDG_CACHE_HOME to a directory of your own';

/**
 * Returns if all that is in a cache directory is this user's work, as far as it exists. What lies above our own part of
 * the cache may be shared, e.g. /tmp.
 * @throws CORE_OWNER
 */
export async function assertOwnCache(directory: string): Promise<void> {
  for (const part of [dirname(dirname(directory)), dirname(directory), directory]) {
    if (!(await hasOwnDirectory(part, hint))) return;
  }
}

/**
 * Returns if these programs of a cache are this user's work.
 * @throws CORE_OWNER
 * @throws CORE_FILE_MISSING if one is not there
 */
export async function assertOwnPrograms(directory: string, names: readonly string[]): Promise<void> {
  await assertOwnCache(directory);
  await Promise.all(names.map((name) => assertOwnFile(join(directory, name), hint)));
}

/** The XDG base directory specification has relative values ignored. */
function userCache(env: NodeJS.ProcessEnv): string {
  const configured = env['XDG_CACHE_HOME'];
  return configured && isAbsolute(configured) ? configured : join(env['HOME'] || homedir(), '.cache');
}

async function sourceHash(moduleDirectory: string): Promise<string> {
  const parts: (string | Uint8Array)[] = [process.platform, process.arch, ...buildFlags];
  parts.push('go.mod', await readFileCapped(join(moduleDirectory, 'go.mod'), maxSourceBytes));
  parts.push('go.sum', (await readFileIfPresent(join(moduleDirectory, 'go.sum'), maxSourceBytes)) ?? '');
  for (const path of await ownSources(moduleDirectory)) {
    parts.push(path, await readFileCapped(join(moduleDirectory, path), maxSourceBytes));
  }
  // The length before each part keeps two lists of parts from hashing as one.
  return sha256Hex(...parts.flatMap((part) => [`${Buffer.byteLength(part)}:`, part]));
}

/** Tests are left out: they are no part of a binary. */
async function ownSources(moduleDirectory: string): Promise<readonly string[]> {
  const files = await Promise.all(['cmd', 'internal'].map((name) => sourcesBelow(join(moduleDirectory, name))));
  return files.flat().map((path) => path.slice(moduleDirectory.length + 1));
}

async function sourcesBelow(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('_test.go'));
    return files.map((entry) => join(entry.parentPath, entry.name)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
