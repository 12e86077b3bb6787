import { chmod, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureServers, type ServerName } from '../../local/servers.ts';
import { markerOf, readFacts, StateDirectory } from '../../local/state.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { findMarked, stopAll } from '../../src/process/marked-processes.ts';
import { temporaryDirectory } from './instance.ts';
import { untilNothingRuns } from './state-oracle.ts';
import { TracedUp, type TracedUpOptions, type UpEnd } from './traced-up.ts';

/** A place for one state directory that is treated badly. Disposing ends whatever still runs there. */
export interface FaultBench extends AsyncDisposable {
  readonly directory: string;
  readonly state: string;
  /** Options for an `up` of this state, whose temporary files stay in this directory. */
  readonly options: TracedUpOptions & { readonly environment: Readonly<Record<string, string>> };
  /** Ids of the servers that run for this state. */
  servers(): Promise<ReadonlyMap<string, number>>;
  /** Ends what still runs for this state. */
  stopLeftovers(): Promise<void>;
}

/** Where an `up` keeps its temporary files, below the directory of its bench. */
export const temporaryName = 'tmp';

export async function faultBench(name = 'state'): Promise<FaultBench> {
  const temporary = await temporaryDirectory();
  const state = join(temporary.path, name);
  const environment = { TMPDIR: join(temporary.path, temporaryName) };
  await mkdir(environment.TMPDIR);
  return {
    directory: temporary.path,
    state,
    options: { state, environment },
    servers: () => serversOf(state),
    stopLeftovers: () => stopLeftovers(state),
    [Symbol.asyncDispose]: async () => {
      await stopLeftovers(state);
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** Brings the state up again, sees a signature made and verified, and stops it as `down` does. */
export async function resume(bench: FaultBench): Promise<UpEnd> {
  const up = new TracedUp(bench.options);
  await up.reached('first-signature');
  up.kill('SIGTERM');
  const end = await up.ended;
  if (end.code !== 0) throw new Error(`up ended with ${end.signal ?? end.code}:\n${end.stderr}`);
  await untilNothingRuns(bench.directory, 30_000);
  return end;
}

const serverNames: readonly ServerName[] = ['tesseract', 'rekor', 'fulcio', 'timestamp-server'];

/** Returns the environment of an `up` with the real servers, but for one that is a script. */
export async function withScript(
  bench: FaultBench,
  name: ServerName,
  script: string,
): Promise<Readonly<Record<string, string>>> {
  const directory = join(bench.directory, 'servers');
  await mkdir(directory);
  const binaries = await ensureServers(serverNames, { env: process.env, progress: silentProgress });
  for (const [real, path] of binaries) if (real !== name) await symlink(path, join(directory, real));
  await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, name), 0o755);
  return { ...bench.options.environment, SIGSTEAD_SERVERS: directory };
}

/** The working directory of a server is named by its id. */
async function serversOf(state: string): Promise<ReadonlyMap<string, number>> {
  const facts = await readFacts(new StateDirectory(state));
  const found = facts ? await findMarked(await markerOf(new StateDirectory(state), facts)) : [];
  const named = found.map(async ({ pid }) => [basename(await readlink(`/proc/${pid}/cwd`)), pid] as const);
  return new Map(await Promise.all(named));
}

async function stopLeftovers(state: string): Promise<void> {
  const facts = await readFacts(new StateDirectory(state)).catch(() => undefined);
  if (facts) await stopAll(await findMarked(await markerOf(new StateDirectory(state), facts)), 1_000);
}
