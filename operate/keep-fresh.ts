import { resignOnline } from '../ceremony/resign-online.ts';
import type { Talk } from '../src/cli/command.ts';
import { type Clock, hourMs } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Ready } from './bring-up.ts';
import { rememberPublished } from './published-memory.ts';
import { repositoryOptions, rootPolicyFile } from './root-of-trust.ts';

export interface Freshener {
  /** Rejects when the published repository no longer verifies; never resolves. */
  readonly failure: Promise<never>;
  stop(): void;
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
  const { talk, clock } = options;
  let timer: NodeJS.Timeout | undefined;
  const failure = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      freshen(ready, clock).catch((error: unknown) => {
        if (!(error instanceof ToolkitError) || error.fault !== 'environment') reject(error);
        else talk.warn(`the timestamp could not be signed again: ${error.message}`);
      });
    }, options.intervalMs ?? hourMs);
  });
  failure.catch(() => clearInterval(timer));
  return { failure, stop: () => clearInterval(timer) };
}

async function freshen({ state, keys }: Pick<Ready, 'state' | 'keys'>, clock: Clock): Promise<void> {
  const { repository } = await resignOnline(await repositoryOptions(state, keys, clock.now()));
  await rememberPublished(state, rootPolicyFile(state), repository);
}
