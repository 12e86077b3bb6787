import type { RequestListener } from 'node:http';
import { ToolkitError } from '../../src/core/error.ts';
import type { RateLimit, ServiceEdge } from '../../src/services/edge.ts';

/** Where a server listens. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** One port of the gateway, resolved: what it admits and where that comes from. */
export type GatewayListener = EdgeListener | HandlerListener;

interface ListenerBase {
  /** Unique; names the listener in statistics and messages, e.g. `rekor-log2026-1`. */
  readonly name: string;
  /** On 127.0.0.1. 0 lets the kernel choose (tests). */
  readonly port: number;
  /** Host names that clients may use besides `127.0.0.1` and `localhost`. @default none */
  readonly hosts?: readonly string[];
}

/** Serves what an edge admits. */
export interface EdgeListener extends ListenerBase {
  readonly edge: ServiceEdge;
  /** Needed if the edge has a route that forwards. */
  readonly upstream?: Upstream;
  /** While it returns false, clients are told 503: the port is ours, and nothing behind it is offered. @default open */
  readonly isOpen?: () => boolean;
  /** Needed if the edge has a route that reads. May appear later; until then everything in it is missing. */
  readonly directory?: string;
}

/** Hands every request to code of this process: the identity provider. */
export interface HandlerListener extends ListenerBase {
  readonly handler: RequestListener;
  readonly maxBodyBytes: number;
  readonly limit: RateLimit;
}

/**
 * Passes if each listener has what its routes need and its name once.
 * @throws LOCAL_GATEWAY_LISTENER
 */
export function assertListeners(listeners: readonly GatewayListener[]): void {
  const names = new Set<string>();
  for (const listener of listeners) {
    if (names.has(listener.name)) throw invalid(listener.name, 'expected a unique name');
    names.add(listener.name);
    if ('edge' in listener) assertSources(listener);
  }
}

function assertSources({ name, edge, upstream, directory }: EdgeListener): void {
  for (const route of edge.routes) {
    if (route.kind === 'forward' && upstream === undefined) throw invalid(name, `${route.name}: expected an upstream`);
    if (route.kind === 'read' && directory === undefined) throw invalid(name, `${route.name}: expected a directory`);
  }
}

function invalid(name: string, message: string): ToolkitError {
  return new ToolkitError('LOCAL_GATEWAY_LISTENER', {
    message: `gateway listener ${name}: ${message}`,
    fault: 'caller',
    data: { name },
  });
}
