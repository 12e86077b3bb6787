import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { makePrivateDirectory } from '../../src/core/files.ts';
import { type Lock, tryLock } from '../../src/core/lock.ts';
import { asStep, type Progress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { goBuild, goDownload, stagingPrefix } from './go-build.ts';
import { findGo, type GoToolchain } from './go-toolchain.ts';
import { moduleVersions, type ServerName, type ServerPackage, type ServerPackages } from './packages.ts';

export interface BuildOptions {
  readonly moduleDirectory: string;
  /** Where the binaries go. */
  readonly directory: string;
  readonly packages: ServerPackages;
  /** Tells which servers are still missing. */
  readonly missing: () => Promise<readonly ServerName[]>;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** How long another process may take to build the same servers. */
const lockTimeoutMs = 60 * 60_000;

/**
 * Builds what is missing, one process at a time: one that had to wait builds only what the other did not.
 * @throws LOCAL_GO_MISSING, LOCAL_GO_TOO_OLD, LOCAL_GO_UNUSABLE, LOCAL_BUILD_FAILED, LOCAL_MODULE_CHECKSUM
 */
export async function buildServers(options: BuildOptions): Promise<void> {
  const go = await findGo(options.env);
  await makePrivateDirectory(options.directory);
  const lock = await takeLock(options);
  try {
    await removeInterrupted(options.directory);
    const missing = await options.missing();
    if (missing.length > 0) await buildAll(missing, go, options);
  } finally {
    lock.release();
  }
}

async function takeLock(options: BuildOptions): Promise<Lock> {
  const path = join(options.directory, '.lock');
  const free = tryLock(path);
  if (free) return free;
  return await asStep(options.progress, 'wait for another process that builds the servers', async () =>
    waitFor(() => tryLock(path), {
      what: `the lock ${path}`,
      timeoutMs: lockTimeoutMs,
      intervalMs: 200,
      ...(options.signal && { signal: options.signal }),
    }),
  );
}

/** The caller holds the lock: no build that is still running is removed. */
async function removeInterrupted(directory: string): Promise<void> {
  const stale = (await readdir(directory)).filter((name) => name.startsWith(stagingPrefix));
  await Promise.all(stale.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

/**
 * Builds one server after the other: Go keeps every core busy by itself, and two builds at once compile what they
 * share twice (267 s of processor time for the four of a posix instance, against 206 s). The modules of all of them
 * are downloaded meanwhile.
 */
async function buildAll(names: readonly ServerName[], go: GoToolchain, options: BuildOptions): Promise<void> {
  const versions = await moduleVersions(options.moduleDirectory);
  const { moduleDirectory, directory, progress } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  const servers = names.map((name) => ({ name, ...packageOf(name, options.packages) }));
  const packages = servers.map((server) => server.package);
  const downloading = goDownload({ go, moduleDirectory, packages, signal, progress });
  try {
    for (const server of servers) {
      const title = ['build', server.name, versions.get(server.module)].filter(Boolean).join(' ');
      await asStep(progress, title, async () => goBuild({ go, moduleDirectory, directory, signal, ...server }));
    }
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await downloading;
  }
}

function packageOf(name: ServerName, packages: ServerPackages): ServerPackage {
  const server = packages[name];
  if (server) return server;
  throw new ToolkitError('LOCAL_SERVER_UNKNOWN', { message: `${name}: no package to build`, fault: 'caller' });
}
