import type { InstanceConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { ctLogId } from '../src/services/ct-log.ts';
import { fulcioId } from '../src/services/fulcio.ts';
import { rekorId } from '../src/services/rekor.ts';
import { timestampAuthorityId } from '../src/services/timestamp-authority.ts';
import type { StateFacts } from './state.ts';

/** Names of the two services of an instance that run inside the toolkit's own process. */
export const tufEdge = 'tuf';
export const identityProviderEdge = 'oidc';

/** Returns the name of every port that an instance of this configuration needs, before any service is rendered. */
export function portNames(config: InstanceConfig): readonly string[] {
  const ct = config.logs.ct.map((log) => ctLogId(log.shard));
  const rekor = config.logs.rekor.map((log) => rekorId(log.shard));
  const timestamps = config.timestamps.map((authority) => timestampAuthorityId(authority.name));
  return [
    ...[tufEdge, identityProviderEdge, fulcioId, ...rekor, ...ct, ...timestamps].map(edgePort),
    ...[...ct, ...timestamps].map((id) => `${id}/http`),
    ...[fulcioId, ...rekor].flatMap((id) => [`${id}/http`, `${id}/grpc`, `${id}/metrics`]),
  ];
}

export function edgePort(service: string): string {
  return `edge/${service}`;
}

/**
 * Returns a port of the instance by its name. One that is missing is not replaced: clients know the ports.
 * @throws LOCAL_PORT_UNKNOWN
 */
export function portOf(facts: StateFacts, name: string): number {
  const port = facts.ports[name];
  if (port !== undefined) return port;
  throw new ToolkitError('LOCAL_PORT_UNKNOWN', {
    message: `state.json: expected a port for ${name}, got none`,
    fault: 'input',
    data: { name },
    hint: 'sigstead writes this file once; restore the copy that it wrote, or name another directory with --state',
  });
}

/** Returns where clients reach a service: always through the gateway. */
export function edgeUrl(facts: StateFacts, service: string): string {
  return `http://127.0.0.1:${portOf(facts, edgePort(service))}`;
}

export function tufUrl(facts: StateFacts): string {
  return edgeUrl(facts, tufEdge);
}

/** An address, not `localhost`: whatever listens on the same port of `::1` would be asked first. */
export function identityProviderUrl(facts: StateFacts): string {
  return edgeUrl(facts, identityProviderEdge);
}
