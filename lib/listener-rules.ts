import { createHash } from 'node:crypto';
import type { ForwardRoute, ServiceEdge } from '../src/services/edge.ts';
import { publicEdgeLimits } from '../src/services/edge.ts';
import type { Deployment } from './deployment.ts';
import { edgeHosts } from './edge-hosts.ts';

/** What the load balancer passes on to one service: this host, this method, these paths. */
export interface ListenerRule {
  readonly host: string;
  readonly method: ForwardRoute['method'];
  readonly paths: readonly string[];
  /** Unique at the listener, and the same in every deployment. */
  readonly priority: number;
}

/** Below are the read paths of the Edge stack. */
const firstPriority = 100;
const lastPriority = 50_000;

/** A rule compares with at most five values, of which host and method are two. */
const maxPaths = 3;

/** Returns the rules of a service's host: what the edge admits to its server, and nothing else. */
export function listenerRules(service: string, region: string, deployment: Deployment): readonly ListenerRule[] {
  const { config, names } = deployment;
  const hosts = edgeHosts(config, { region, writeRegion: names.writeRegion, limits: publicEdgeLimits });
  // Counted over all hosts of the listener, so that no two get the same priority.
  const taken = new Set<number>();
  return hosts
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ id, host, edge }) =>
      groupsOf(edge).map(({ method, paths }) => ({
        id,
        rule: { host, method, paths, priority: priorityOf(`${id} ${method} ${paths.join(' ')}`, taken) },
      })),
    )
    .flatMap(({ id, rule }) => (id === service ? [rule] : []));
}

function groupsOf(edge: ServiceEdge): readonly Pick<ListenerRule, 'method' | 'paths'>[] {
  const forwarded = edge.routes.filter((route) => route.kind === 'forward');
  return (['POST', 'GET'] as const).flatMap((method) => {
    const paths = forwarded.filter((route) => route.method === method).map(({ path }) => path);
    const count = Math.ceil(paths.length / maxPaths);
    return Array.from({ length: count }, (_, index) => ({
      method,
      paths: paths.slice(index * maxPaths, (index + 1) * maxPaths),
    }));
  });
}

/** From the name, and not from a position: a shard that is added must not move the rules of the others. */
function priorityOf(name: string, taken: Set<number>): number {
  const range = lastPriority - firstPriority;
  const start = createHash('sha256').update(name).digest().readUInt32BE() % range;
  for (let step = 0; ; step += 1) {
    const priority = firstPriority + ((start + step) % range);
    if (taken.has(priority)) continue;
    taken.add(priority);
    return priority;
  }
}
