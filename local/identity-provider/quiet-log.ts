/** Writes at most one line of a kind per interval, and says how many it left out: a flood must not fill the disk. */
export class QuietLog {
  readonly #write: (line: string) => void;
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #kinds = new Map<string, { until: number; left: number }>();

  constructor(
    write: (line: string) => void,
    options: { readonly intervalMs?: number; readonly now?: () => number } = {},
  ) {
    this.#write = write;
    this.#intervalMs = options.intervalMs ?? 10_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** `kind` is one of a few constants; `detail` may be what a client sent. */
  say(kind: string, detail: string): void {
    const now = this.#now();
    const state = this.#kinds.get(kind);
    if (state && now < state.until) {
      state.left += 1;
      return;
    }
    const left = state && state.left > 0 ? ` (and ${state.left} more before)` : '';
    this.#kinds.set(kind, { until: now + this.#intervalMs, left: 0 });
    this.#write(`${kind}: ${detail.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)}${left}`);
  }
}
