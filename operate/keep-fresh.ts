import { resignOnline } from '../ceremony/resign-online.ts';
import type { Talk } from '../src/cli/command.ts';
import { type Clock, hourMs } from '../src/core/clock.ts';
import { describeCause } from '../src/core/error.ts';
import type { Ready } from './bring-up.ts';
import { repositoryOptions } from './root-of-trust.ts';

/**
 * Signs snapshot and timestamp again whenever they are due, for as long as the instance is up. A failure is said and
 * tried again: the timestamp has days left when its window opens. Returns how to end it.
 */
export function keepFresh(ready: Ready, surroundings: { readonly talk: Talk; readonly clock: Clock }): () => void {
  const { talk, clock } = surroundings;
  const timer = setInterval(() => {
    freshen(ready, clock).catch((error: unknown) => talk.warn(`re-signing failed: ${describeCause(error)}`));
  }, hourMs);
  return () => clearInterval(timer);
}

async function freshen(ready: Ready, clock: Clock): Promise<void> {
  await resignOnline(await repositoryOptions(ready.state, ready.keys, clock.now()));
}
