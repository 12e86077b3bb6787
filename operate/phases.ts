import type { Json } from '../src/core/json.ts';

/** Times the phases of a long command, in the order in which they ended; the first is how long it took to get here. */
export class Phases {
  readonly #startedAt: number;
  readonly #phases: { name: string; ms: number }[] = [];

  /** `startedAt` is when the command began, in milliseconds as `performance.now()` counts them: 0 is the process's start. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
    this.#phases.push({ name: 'start', ms: this.elapsedMs() });
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
