import { setTimeout as sleep } from 'node:timers/promises';
import { describeCause } from '../../src/core/error.ts';
import type { Block } from '../load/block.ts';

export interface WindowOptions {
  /** Until every client is somewhere else in its work, and compilers and connections have settled. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Called where the counted time begins, and where it ends. */
  readonly atEdge: () => void;
}

/**
 * Lets every worker do its work again and again, and counts what is completed within the window: who waits for
 * checkpoints does so in step with others, and a block that waited for the last of them would be longer by one.
 * A failure counts whenever it happens, before and after the window too.
 */
export async function runWindow(workers: readonly (() => Promise<unknown>)[], options: WindowOptions): Promise<Block> {
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
  options.atEdge();
  counts = true;
  const start = performance.now();
  await sleep(options.seconds * 1_000);
  counts = false;
  options.atEdge();
  const seconds = (performance.now() - start) / 1_000;
  over = true;
  await working;
  return { completed: latencies.length, perSecond: latencies.length / seconds, latencies, errors };
}

/** A worker whose every request is refused at once would do nothing but that. */
const pauseMs = 100;
