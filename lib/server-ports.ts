import { ToolkitError } from '../src/core/error.ts';
import { fulcioId } from '../src/services/fulcio.ts';
import type { ServiceRole } from '../src/services/service.ts';

/** Every task has an address of its own, so the ports of a server are always the same. */
const ports: Readonly<Record<ServiceRole, Readonly<Record<string, number>>>> = {
  fulcio: { http: 5555, grpc: 5554, metrics: 2112 },
  'ct-log': { http: 6962 },
  rekor: { http: 3000, grpc: 3001, behind: 3002, metrics: 2112 },
  tsa: { http: 3004, metrics: 2112 },
};

const prefixes: Readonly<Record<string, ServiceRole>> = { ct: 'ct-log', rekor: 'rekor', timestamp: 'tsa' };

/** Returns what a service is, which its id says. */
export function roleOfService(id: string): ServiceRole {
  const role = id === fulcioId ? 'fulcio' : prefixes[id.split('-')[0] ?? ''];
  if (role) return role;
  throw new ToolkitError('AWS_RENDER', { message: `${id}: expected the id of a service`, fault: 'caller' });
}

/** Returns a port of a service's tasks. @throws AWS_RENDER for one that it has not */
export function portOf(service: string, name: string): number {
  const port = ports[roleOfService(service)][name];
  if (port !== undefined) return port;
  throw new ToolkitError('AWS_RENDER', { message: `${service}: it has no port ${name} on AWS`, fault: 'caller' });
}
