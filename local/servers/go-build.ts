import { chmod, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { buildFailed } from './build-error.ts';
import type { GoToolchain } from './go-toolchain.ts';

/**
 * How every server is built. `readonly` makes go.sum the judge of each download; without version control stamps
 * a build does not depend on git or on the state of this checkout.
 */
export const buildFlags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags=-s -w'] as const;

/** What begins with this in the cache is a build that has not ended, or was interrupted. */
export const stagingPrefix = '.staging-';

const timeoutMs = 45 * 60_000;

export interface GoBuild {
  readonly go: GoToolchain;
  readonly moduleDirectory: string;
  readonly package: string;
  /** The directory that the binary goes to, and its name there. */
  readonly directory: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Builds one main package. The binary appears under its name once it is whole and on disk, or not at all.
 * @throws LOCAL_BUILD_FAILED, LOCAL_MODULE_CHECKSUM
 */
export async function goBuild(build: GoBuild): Promise<void> {
  const staging = await mkdtemp(join(build.directory, stagingPrefix));
  try {
    const output = join(staging, build.name);
    const ran = await runGo(build, staging, ['build', ...buildFlags, '-o', output, build.package]);
    if (ran.exitCode !== 0) throw buildFailed(build.name, ran);
    await chmod(output, 0o755);
    await sync(output);
    await rename(output, join(build.directory, build.name));
    await sync(build.directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Go's own scratch files go into the staging directory too: an interrupted Go leaves them behind. */
async function runGo(build: GoBuild, staging: string, args: readonly string[]): Promise<ProgramResult> {
  return await runProgram({
    file: build.go.file,
    args,
    env: { ...build.go.env, GOTMPDIR: staging },
    cwd: build.moduleDirectory,
    timeoutMs,
    signal: build.signal,
  });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
