import { setTimeout as sleep } from 'node:timers/promises';
import { describeCause } from '../../src/core/error.ts';
import type { Block } from '../load/block.ts';

export interface WindowOptions<Reading> {
  /** Until every client is somewhere else in its work, and compilers and connections have settled. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Called where the counted time begins, and where it ends. */
  readonly read: () => Reading;
}

/**
 * Lets every worker do its work again and again, and counts what is completed within the window: who waits for
 * checkpoints does so in step with others, and a block that waited for the last of them would be longer by one.
 * A failure counts whenever it happens, before and after the window too.
 */
export async function runWindow<Reading>(
  workers: readonly (() => Promise<unknown>)[],
  options: WindowOptions<Reading>,
): Promise<{ readonly block: Block; readonly before: Reading; readonly after: Reading }> {
  const latencies: number[] = [];
  const errors: Record<string, number> = {};
  let [counts, over] = [false, false];
  const repeat = async (work: () => Promise<unknown>) => {
    while (!over) {
      const start = performance.now();
      try {
        await work();
        if (counts) latencies.push(performance.now() - start);
      } catch (error) {
        const text = describeCause(error);
        errors[text] = (errors[text] ?? 0) + 1;
        await sleep(pauseMs);
      }
    }
  };
  const working = Promise.all(workers.map(repeat));
  await sleep(options.warmUpSeconds * 1_000);
  const before = options.read();
  counts = true;
  const start = performance.now();
  await sleep(options.seconds * 1_000);
  counts = false;
  const seconds = (performance.now() - start) / 1_000;
  const after = options.read();
  over = true;
  await working;
  const block = { completed: latencies.length, perSecond: latencies.length / seconds, latencies, errors };
  return { block, before, after };
}

/** A worker whose every request is refused at once would do nothing but that. */
const pauseMs = 100;

export function failuresOf({ errors }: Block): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}
