import type { ForwardRoute, RateLimit, ReadRoute } from '../../src/services/edge.ts';
import { RouteCounter } from './counters.ts';
import { directoryHandler, entryOf } from './directory.ts';
import { forwardHandler } from './forward.ts';
import type { RouteHandler } from './handling.ts';
import type { EdgeListener } from './listener.ts';
import { RateLimiter } from './rate-limit.ts';
import { UpstreamClient } from './upstream.ts';

/** A route that is ready to answer. */
export interface LiveRoute {
  readonly handler: RouteHandler;
  readonly limiter: RateLimiter;
  readonly counter: RouteCounter;
}

export interface Match {
  readonly route: LiveRoute;
  /** The name of the file, for a route that reads. */
  readonly file: string;
}

export interface Routes {
  readonly counters: readonly RouteCounter[];
  find(target: string): Match | undefined;
  close(): void;
}

/** Finds the route of a request target. The target is compared as it came: nothing is decoded, so nothing can differ. */
export class Router implements Routes {
  readonly counters: readonly RouteCounter[];
  readonly #exact = new Map<string, LiveRoute>();
  readonly #reads: { readonly route: ReadRoute; readonly live: LiveRoute }[] = [];
  readonly #client: UpstreamClient | undefined;

  constructor(listener: EdgeListener) {
    const { edge, upstream, directory } = listener;
    this.#client = upstream && new UpstreamClient(upstream);
    for (const route of edge.routes) {
      const handler = route.kind === 'read' ? directory && directoryHandler(route, directory) : this.#forward(route);
      if (!handler) continue;
      const live = liveRoute(listener.name, route.name, route.limit, handler);
      if (route.kind === 'read') this.#reads.push({ route, live });
      else this.#exact.set(route.path, live);
    }
    const all = [...this.#exact.values(), ...this.#reads.map(({ live }) => live)];
    this.counters = all.map(({ counter }) => counter);
  }

  find(target: string): Match | undefined {
    const exact = this.#exact.get(target);
    if (exact) return { route: exact, file: '' };
    for (const { route, live } of this.#reads) {
      for (const prefix of route.prefixes) {
        if (!target.startsWith(prefix)) continue;
        const file = target.slice(prefix.length);
        if (entryOf(route, file)) return { route: live, file };
      }
    }
    return undefined;
  }

  close(): void {
    this.#client?.close();
  }

  #forward(route: ForwardRoute): RouteHandler | undefined {
    return this.#client && forwardHandler(route, this.#client);
  }
}

export function liveRoute(listener: string, name: string, limit: RateLimit, handler: RouteHandler): LiveRoute {
  return { handler, limiter: new RateLimiter(limit), counter: new RouteCounter(listener, name) };
}
