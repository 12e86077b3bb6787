import { describeCause } from '../../src/core/error.ts';

/** What some clients got done in some seconds. */
export interface Block {
  readonly completed: number;
  readonly perSecond: number;
  /** Milliseconds of each completed piece of work, in no order. */
  readonly latencies: readonly number[];
  /** Failed pieces of work by what was said. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Collects pieces of work that end, well or not. */
export class BlockRecorder {
  readonly #latencies: number[] = [];
  readonly #errors = new Map<string, number>();

  /** Does a piece of work and waits for its end; never rejects. */
  async record(work: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    try {
      await work();
      this.#latencies.push(performance.now() - start);
    } catch (error) {
      const text = describeCause(error);
      this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
    }
  }

  /** Time that the completed work took, one piece after another. */
  get seconds(): number {
    return this.#latencies.reduce((sum, latency) => sum + latency, 0) / 1_000;
  }

  block(seconds: number): Block {
    const completed = this.#latencies.length;
    const errors = Object.fromEntries(this.#errors);
    return { completed, perSecond: completed / seconds, latencies: this.#latencies, errors };
  }
}

/**
 * Lets every worker do its work again and again for some seconds. Work under way at the end is finished and counts,
 * and so does the time it takes.
 */
export async function runBlock(workers: readonly (() => Promise<unknown>)[], seconds: number): Promise<Block> {
  const recorder = new BlockRecorder();
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    workers.map(async (work) => {
      while (performance.now() < end) await recorder.record(work);
    }),
  );
  return recorder.block((performance.now() - start) / 1_000);
}

/** Does two kinds of work in turn, one piece at a time, so that both meet the same moods of the machine. */
export async function runInTurn(
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
  seconds: number,
): Promise<readonly [Block, Block]> {
  const recorders = [new BlockRecorder(), new BlockRecorder()] as const;
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    await recorders[0].record(first);
    await recorders[1].record(second);
  }
  return [recorders[0].block(recorders[0].seconds), recorders[1].block(recorders[1].seconds)];
}
