import type { Reached } from '../src/core/moment.ts';
import { asStep, type Progress } from '../src/core/progress.ts';
import { startGroups } from '../src/services/order.ts';
import type { ServiceSpec } from '../src/services/service.ts';
import { diesBefore, type ServerProcess, type ServerSurroundings, startServer } from './server-process.ts';
import type { ServerName } from './servers.ts';

export interface ServicesOptions extends Omit<ServerSurroundings, 'binary'> {
  readonly specs: readonly ServiceSpec[];
  readonly binaries: ReadonlyMap<ServerName, string>;
  readonly progress: Progress;
}

/** All servers of an instance, healthy. One that ends takes the others with it. */
export interface RunningServices {
  readonly processes: readonly ServerProcess[];
  /** Rejects with `LOCAL_SERVER_DIED` as soon as one server ends by itself; never resolves. */
  readonly failure: Promise<never>;
  /** Stops them in the opposite order of their start. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the servers in dependency order, side by side where nothing hinders, and returns once all are healthy.
 * If one fails, those already started are stopped before the error is thrown.
 */
export async function startServices(options: ServicesOptions): Promise<RunningServices> {
  const started: ServerProcess[] = [];
  try {
    for (const group of startGroups(options.specs)) {
      await startGroup(group, options, started);
    }
  } catch (error) {
    await stopServers(started, options.reached);
    throw error;
  }
  return new StartedServices(started, options);
}

/** Starts servers side by side, and notes in `started` those that are healthy. The first that fails ends the wait for the others. */
async function startGroup(
  group: readonly ServiceSpec[],
  options: ServicesOptions,
  started: ServerProcess[],
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const outcomes = group.map(async (spec) => {
    try {
      started.push(await startOne(spec, { ...options, signal }));
    } catch (error) {
      failed.abort(error);
    }
  });
  await Promise.all(outcomes);
  failed.signal.throwIfAborted();
}

class StartedServices implements RunningServices {
  readonly processes: readonly ServerProcess[];
  readonly failure: Promise<never>;
  readonly #reached: Reached;
  #stopping: Promise<void> | undefined;

  constructor(processes: readonly ServerProcess[], options: ServicesOptions) {
    this.processes = processes;
    this.#reached = options.reached;
    this.failure = new Promise((_, reject) => {
      for (const { program, spec } of processes) {
        diesBefore(program, spec, options.state).catch((error: unknown) => {
          if (this.#stopping === undefined) reject(error);
        });
      }
    });
    // Nobody may be waiting yet when the first server dies; whoever waits later still sees it.
    this.failure.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.#stopping ??= stopServers(this.processes, this.#reached);
    return this.#stopping;
  }
}

async function startOne(spec: ServiceSpec, options: ServicesOptions): Promise<ServerProcess> {
  const binary = options.binaries.get(spec.program) ?? spec.program;
  return await asStep(options.progress, spec.id, () => startServer(spec, { ...options, binary }));
}

/** Fulcio before the CT log it writes to; whatever nobody depends on any more stops side by side. */
async function stopServers(processes: readonly ServerProcess[], reached: Reached): Promise<void> {
  const byId = new Map(processes.map((entry) => [entry.spec.id, entry]));
  const specs = processes.map(({ spec }) => ({ ...spec, dependsOn: spec.dependsOn.filter((id) => byId.has(id)) }));
  for (const group of startGroups(specs).toReversed()) {
    await Promise.all(
      group.map(async ({ id, stopGraceMs }) => {
        await byId.get(id)?.program.stop(stopGraceMs);
        reached('server-stopped', id);
      }),
    );
  }
}
