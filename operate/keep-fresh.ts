import type { Talk } from '../src/cli/command.ts';
import { type Clock, hourMs } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Ready } from './bring-up.ts';
import { repositoryOptions, resignRemembered } from './root-of-trust.ts';

export interface Freshener {
  /** Rejects when the published repository no longer verifies; never resolves. */
  readonly failure: Promise<never>;
  /** Resolves once no look is under way. */
  stop(): Promise<void>;
}

export interface FreshenOptions {
  readonly talk: Talk;
  readonly clock: Clock;
  /** @default an hour */
  readonly intervalMs?: number;
}

/**
 * Signs snapshot and timestamp again whenever they are due, for as long as the instance is up. What the environment
 * hinders is said and tried again: the timestamp has days left when its window opens. Anything else ends the watch.
 */
export function keepFresh(ready: Pick<Ready, 'state' | 'keys'>, options: FreshenOptions): Freshener {
  const { talk, clock, intervalMs = hourMs } = options;
  const { promise: failure, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let looking: Promise<void> = Promise.resolve();
  // One look after the other: two at once would find each other publishing.
  const schedule = () => {
    if (!isStopped) timer = setTimeout(look, intervalMs);
  };
  const look = () => {
    looking = freshen(ready, clock)
      .catch((error: unknown) => {
        if (!(error instanceof ToolkitError) || error.fault !== 'environment') throw error;
        talk.warn(`the timestamp could not be signed again: ${error.message}`);
      })
      .then(schedule, reject);
  };
  const stop = async () => {
    isStopped = true;
    clearTimeout(timer);
    await looking;
  };
  schedule();
  // Nobody may be waiting yet when it fails; whoever waits later still sees it.
  failure.catch(() => undefined);
  return { failure, stop };
}

async function freshen({ state, keys }: Pick<Ready, 'state' | 'keys'>, clock: Clock): Promise<void> {
  await resignRemembered(state, await repositoryOptions(state, keys, clock.now()));
}
