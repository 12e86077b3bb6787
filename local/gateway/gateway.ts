import type { RouteStats } from './counters.ts';
import { assertListeners, type GatewayListener } from './listener.ts';
import { type ConnectionLimits, defaultConnectionLimits, ListenerServer } from './server.ts';

export interface GatewayOptions {
  readonly listeners: readonly GatewayListener[];
  /** Told of requests that failed for a reason that is not the client's, one line each. @default nobody */
  readonly log?: (message: string) => void;
  /** @default defaultConnectionLimits */
  readonly limits?: Partial<ConnectionLimits>;
}

/** The edge of an instance on this machine: every client reaches every service through it. */
export interface Gateway {
  /** Port of each listener by its name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Requests and answers by route since the start. */
  stats(): readonly RouteStats[];
  /**
   * Takes no new request, lets those under way finish, and cuts off what is left after the grace.
   * @default 5 000
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts every listener, on 127.0.0.1 alone, or none. Their servers may start later: until then clients are told 503.
 *
 * @throws LOCAL_PORT_IN_USE, LOCAL_GATEWAY_LISTEN
 * @throws LOCAL_GATEWAY_LISTENER if a listener lacks what its routes need
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  assertListeners(options.listeners);
  const limits = { ...defaultConnectionLimits, ...options.limits };
  const log = options.log ?? (() => undefined);
  const servers = options.listeners.map((listener) => new ListenerServer(listener, { limits, log }));
  const outcomes = await Promise.allSettled(servers.map((server) => server.listen()));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    await closeAll(servers, 0);
    throw outcome.reason;
  }
  return {
    ports: new Map(servers.map((server) => [server.name, server.port])),
    stats: () => servers.flatMap((server) => server.stats()),
    close: (graceMs = 5_000) => closeAll(servers, graceMs),
  };
}

async function closeAll(servers: readonly ListenerServer[], graceMs: number): Promise<void> {
  await Promise.all(servers.map((server) => server.close(graceMs)));
}
