import type { IncomingMessage } from 'node:http';
import { type Refusal, tryLater } from './refusal.ts';
import type { Match } from './router.ts';

/** What a listener knows when a request's head has arrived. */
export interface Arrival {
  readonly req: IncomingMessage;
  readonly match: Match | undefined;
  /** `host:port` as clients may write it, lower case. */
  readonly hosts: ReadonlySet<string>;
  readonly closing: boolean;
  /** More is being answered than the listener, or the request's connection, may have. */
  readonly crowded: boolean;
  readonly nowMs: number;
}

/** Returns why a request may not pass, or `undefined`: nothing reaches a route before this. Takes a token of its limit. */
export function refusalOf(arrival: Arrival): Refusal | undefined {
  const { req, match } = arrival;
  if (arrival.closing) return { status: 503, message: 'not open', headers: ['Connection', 'close'] };
  if (!isOurs(arrival.hosts, req.headers.host)) return { status: 421, message: 'not a host of this instance' };
  if (match === undefined) return { status: 404, message: 'no such path' };
  const { handler, limiter } = match.route;
  if (handler.methods.length > 0 && !handler.methods.includes(req.method ?? '')) {
    const headers = ['Allow', handler.methods.join(', ')];
    return { status: 405, message: `expected ${handler.methods.join(' or ')}`, headers };
  }
  const waitMs = limiter.take(req.socket.remoteAddress ?? '', arrival.nowMs);
  if (waitMs > 0) return tryLater(429, 'too many requests', waitMs);
  if (arrival.crowded) return tryLater(503, 'too many requests at once', 1_000);
  return undefined;
}

/** A web page whose name an attacker points at 127.0.0.1 reaches the port, and still sends its own name. */
function isOurs(hosts: ReadonlySet<string>, host: string | undefined): boolean {
  return host !== undefined && (hosts.has(host) || hosts.has(host.toLowerCase()));
}
