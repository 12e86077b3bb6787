/** What one route of one listener did since the gateway started. */
export interface RouteStats {
  readonly listener: string;
  /** A route of the edge, `handler`, or `other` for requests that no route admits. */
  readonly route: string;
  readonly requests: number;
  /** Requests by status code. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Counts the answers of one route. */
export class RouteCounter {
  readonly #listener: string;
  readonly #route: string;
  readonly #statuses = new Map<number, number>();

  constructor(listener: string, route: string) {
    this.#listener = listener;
    this.#route = route;
  }

  count(status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
  }

  stats(): RouteStats {
    const statuses = [...this.#statuses].sort(([a], [b]) => a - b);
    return {
      listener: this.#listener,
      route: this.#route,
      requests: statuses.reduce((sum, [, count]) => sum + count, 0),
      statuses: Object.fromEntries(statuses),
    };
  }
}
