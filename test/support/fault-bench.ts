import { mkdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readFacts, StateDirectory } from '../../local/state.ts';
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

/** The working directory of a server is named by its id. */
async function serversOf(state: string): Promise<ReadonlyMap<string, number>> {
  const facts = await readFacts(new StateDirectory(state));
  const found = facts ? await findMarked(facts.id) : [];
  const named = found.map(async ({ pid }) => [basename(await readlink(`/proc/${pid}/cwd`)), pid] as const);
  return new Map(await Promise.all(named));
}

async function stopLeftovers(state: string): Promise<void> {
  const facts = await readFacts(new StateDirectory(state)).catch(() => undefined);
  if (facts) await stopAll(await findMarked(facts.id), 1_000);
}
