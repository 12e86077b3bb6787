import { join, resolve } from 'node:path';
import { ToolkitError } from '../src/core/error.ts';
import type { Progress } from '../src/core/progress.ts';
import { isExecutable } from '../src/process/find-program.ts';
import { buildServers } from './servers/build.ts';
import { assertOwnCache, assertOwnPrograms, cacheDirectory } from './servers/cache.ts';
import { type Cosign, cosignAt, cosignOnPath } from './servers/cosign.ts';
import { type ServerName, type ServerPackages, serverPackages, serversModule } from './servers/packages.ts';

export type { ServerName } from './servers/packages.ts';

export interface EnsureServersOptions {
  /** Read: `SIGSTEAD_SERVERS`, `XDG_CACHE_HOME`, `HOME`, and what Go needs to download and build. */
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** The Go module that pins the servers. @default servers/ of this checkout */
  readonly moduleDirectory?: string;
  /** What to build for each name. @default serverPackages */
  readonly packages?: ServerPackages;
}

/**
 * Returns the path of each server's binary, and builds those that are missing.
 *
 * They are kept in a cache of this user, in a directory named by the hash of everything they are made from, so
 * that a second run builds nothing and a changed module builds anew. `SIGSTEAD_SERVERS` names a directory of
 * ready-made binaries instead; nothing is built then, and whose they are is the user's choice.
 * @throws CORE_OWNER if others own a part of the cache or can write to it
 * @throws LOCAL_SERVER_MISSING if a binary is not in `SIGSTEAD_SERVERS`
 * @throws LOCAL_GO_MISSING, LOCAL_GO_TOO_OLD, LOCAL_GO_UNUSABLE if something must be built and Go cannot
 * @throws LOCAL_BUILD_FAILED
 * @throws LOCAL_MODULE_CHECKSUM if a downloaded module is not the one that was pinned: evidence
 */
export async function ensureServers(
  names: readonly ServerName[],
  options: EnsureServersOptions,
): Promise<ReadonlyMap<ServerName, string>> {
  const wanted = [...new Set(names)];
  const readyMade = options.env['SIGSTEAD_SERVERS'];
  if (readyMade) return await readyServers(resolve(readyMade), wanted);
  const moduleDirectory = options.moduleDirectory ?? serversModule;
  const directory = await cacheDirectory(moduleDirectory, options.env);
  await assertOwnCache(directory);
  if ((await missingIn(directory, wanted)).length > 0) {
    const missing = () => missingIn(directory, wanted);
    await buildServers({ packages: serverPackages, ...options, moduleDirectory, directory, missing });
  }
  // Also after a build: somebody may have made our part of a shared cache since it was found to be missing.
  await assertOwnPrograms(directory, wanted);
  return pathsIn(directory, wanted);
}

/**
 * Returns the cosign of `SIGSTEAD_SERVERS`, or else the one on PATH if it is a release from 3.1.0 on, or else one that
 * is built, which takes minutes the first time: no signature should wait for it.
 * @throws LOCAL_COSIGN_UNUSABLE if it does not tell its version
 * @throws what `ensureServers` throws
 */
export async function findCosign(options: EnsureServersOptions): Promise<Cosign> {
  const { signal } = options;
  const installed = await installedCosign(options);
  if (installed) return installed;
  const servers = await ensureServers(['cosign'], options);
  return await cosignAt(servers.get('cosign') ?? 'cosign', signal);
}

export interface PresentCosign {
  readonly path: string;
  /** It is the user's own. */
  readonly onPath: boolean;
}

/**
 * Returns the cosign that `findCosign` would, or `undefined` where that one would have to be built.
 * @throws CORE_OWNER if others own a part of the cache or can write to it
 */
export async function presentCosign(
  options: Pick<EnsureServersOptions, 'env' | 'signal' | 'moduleDirectory'>,
): Promise<PresentCosign | undefined> {
  const installed = await installedCosign(options);
  if (installed) return { path: installed.path, onPath: true };
  const { env, moduleDirectory = serversModule } = options;
  const readyMade = env['SIGSTEAD_SERVERS'];
  const directory = readyMade ? resolve(readyMade) : await cacheDirectory(moduleDirectory, env);
  if ((await missingIn(directory, ['cosign'])).length > 0) return undefined;
  if (!readyMade) await assertOwnPrograms(directory, ['cosign']);
  return { path: join(directory, 'cosign'), onPath: false };
}

/** One of `SIGSTEAD_SERVERS` was chosen before any on PATH. */
async function installedCosign({ env, signal }: Pick<EnsureServersOptions, 'env' | 'signal'>) {
  const readyMade = env['SIGSTEAD_SERVERS'];
  const chosen = readyMade && (await isExecutable(join(resolve(readyMade), 'cosign')));
  return chosen ? undefined : await cosignOnPath(env['PATH'] ?? '', signal);
}

async function readyServers(directory: string, names: readonly ServerName[]): Promise<ReadonlyMap<ServerName, string>> {
  const missing = await missingIn(directory, names);
  if (missing.length === 0) return pathsIn(directory, names);
  throw new ToolkitError('LOCAL_SERVER_MISSING', {
    message: `SIGSTEAD_SERVERS=${directory}: no executable file ${missing.join(', ')}`,
    fault: 'input',
    data: { directory, missing },
    hint: 'put the missing binaries there under these names, or unset SIGSTEAD_SERVERS to have them built',
  });
}

async function missingIn(directory: string, names: readonly ServerName[]): Promise<readonly ServerName[]> {
  const present = await Promise.all(names.map((name) => isExecutable(join(directory, name))));
  return names.filter((_, index) => !present[index]);
}

function pathsIn(directory: string, names: readonly ServerName[]): ReadonlyMap<ServerName, string> {
  return new Map(names.map((name) => [name, join(directory, name)]));
}
