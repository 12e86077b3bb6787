import type { Json } from '../src/core/json.ts';

/** Times the phases of a long command, in the order in which they ended. */
export class Phases {
  readonly #startedAt: number;
  readonly #phases: { name: string; ms: number }[] = [];

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const result = await work();
    this.#phases.push({ name, ms: Math.round(performance.now() - from) });
    return result;
  }

  /** Milliseconds since the command began. */
  elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  toJson(): Json {
    return this.#phases.map(({ name, ms }) => ({ name, ms }));
  }
}
