import { chmod, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asStep, type Progress } from '../../src/core/progress.ts';
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
  /** @default false */
  readonly cgo?: boolean;
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
  // Go's own scratch files go there too: an interrupted Go leaves them behind.
  const staging = await mkdtemp(join(build.directory, stagingPrefix));
  try {
    const output = join(staging, build.name);
    const env = { ...build.go.env, GOTMPDIR: staging, ...(build.cgo && { CGO_ENABLED: '1' }) };
    const ran = await runGo({ ...build, env }, ['build', ...buildFlags, '-o', output, build.package]);
    if (ran.exitCode !== 0) throw buildFailed(build.name, ran);
    await chmod(output, 0o755);
    await sync(output);
    await rename(output, join(build.directory, build.name));
    await sync(build.directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

export interface GoDownload {
  readonly go: GoToolchain;
  readonly moduleDirectory: string;
  readonly packages: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * Downloads every module that the packages need, beside builds: those wait for the processor, this for the network.
 * Never rejects; a build that lacks a module says so better.
 */
export async function goDownload(download: GoDownload): Promise<void> {
  const args = ['list', '-mod=readonly', '-deps', '-f={{.ImportPath}}', ...download.packages];
  await asStep(download.progress, 'download Go modules', async () => {
    const { exitCode } = await runGo({ ...download, env: download.go.env }, args);
    if (exitCode !== 0) throw new Error(`go list ended with exit code ${exitCode}`);
  }).catch(() => undefined);
}

interface GoRun extends Pick<GoBuild, 'go' | 'moduleDirectory' | 'signal'> {
  readonly env: Readonly<Record<string, string>>;
}

async function runGo(run: GoRun, args: readonly string[]): Promise<ProgramResult> {
  const { env, signal } = run;
  return await runProgram({ file: run.go.file, args, env, cwd: run.moduleDirectory, timeoutMs, signal });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
