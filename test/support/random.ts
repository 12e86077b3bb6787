import { randomInt } from 'node:crypto';

export interface Random {
  /** Prints with what it was made: the same seed gives the same numbers. */
  readonly seed: number;
  /** Returns a number from 0 up to 1. */
  next(): number;
}

/** Returns random numbers that can be had again: `SIGSTEAD_TEST_SEED` sets the seed (mulberry32). */
export function seededRandom(seed = Number(process.env['SIGSTEAD_TEST_SEED'] ?? randomInt(2 ** 32))): Random {
  let state = seed >>> 0;
  return {
    seed,
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
