import type { RequestListener } from 'node:http';
import {
  ctEdge,
  fulcioEdge,
  loopbackEdgeLimits,
  rekorEdge,
  type ServiceEdge,
  timestampEdge,
  tufEdge as tufEdgeRoutes,
} from '../src/services/edge.ts';
import type { ServiceRole, ServiceSpec } from '../src/services/service.ts';
import { edgePort, identityProviderEdge, portOf, tufEdge } from './endpoints.ts';
import type { EdgeListener, GatewayListener } from './gateway/listener.ts';
import type { StateDirectory, StateFacts } from './state.ts';

const limits = loopbackEdgeLimits;

const edgeOf: Readonly<Record<ServiceRole, ServiceEdge>> = {
  fulcio: fulcioEdge(limits),
  rekor: rekorEdge(limits),
  'ct-log': ctEdge(limits),
  tsa: timestampEdge(limits),
};

/**
 * Returns what the gateway of a local instance listens on: one port for each service that clients reach. All but the
 * identity provider, which Fulcio asks while it starts, answer only while `isOpen`.
 */
export function edgeListeners(
  specs: readonly ServiceSpec[],
  state: StateDirectory,
  facts: StateFacts,
  offered: { readonly identityProvider: RequestListener; readonly isOpen: () => boolean },
): readonly GatewayListener[] {
  return [
    ...specs.map((spec) => ({ ...listenerOf(spec, state, facts), isOpen: offered.isOpen })),
    {
      name: tufEdge,
      port: portOf(facts, edgePort(tufEdge)),
      edge: tufEdgeRoutes(limits),
      directory: state.repository,
      isOpen: offered.isOpen,
    },
    {
      name: identityProviderEdge,
      port: portOf(facts, edgePort(identityProviderEdge)),
      handler: offered.identityProvider,
      maxBodyBytes: 65_536,
      limit: limits.writes,
    },
  ];
}

function listenerOf(spec: ServiceSpec, state: StateDirectory, facts: StateFacts): EdgeListener {
  return {
    name: spec.id,
    port: portOf(facts, edgePort(spec.id)),
    edge: edgeOf[spec.role],
    upstream: { host: '127.0.0.1', port: portOf(facts, `${spec.id}/http`) },
    ...(spec.storage === 'directory' && { directory: state.dataOf(spec.id) }),
  };
}
