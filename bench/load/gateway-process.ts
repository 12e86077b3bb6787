import { type Gateway, startGateway } from '../../local/gateway/gateway.ts';
import type { Upstream } from '../../local/gateway/listener.ts';
import { fulcioEdge, loopbackEdgeLimits, rekorEdge, timestampEdge } from '../../src/services/edge.ts';
import type { SigningUrls } from './target.ts';

/** A gateway as an instance runs it, before the servers whose URLs are the first argument; says its ports, then waits. */
const bare = JSON.parse(process.argv[2] ?? '{}') as SigningUrls;
const gateway = await startGateway({
  log: (message) => process.stderr.write(`${message}\n`),
  listeners: [
    { name: 'fulcio', port: 0, edge: fulcioEdge(loopbackEdgeLimits), upstream: upstreamOf(bare.fulcio) },
    {
      name: 'rekor',
      port: 0,
      edge: rekorEdge(loopbackEdgeLimits),
      upstream: upstreamOf(bare.rekor),
      directory: '/nonexistent',
    },
    { name: 'timestamp', port: 0, edge: timestampEdge(loopbackEdgeLimits), upstream: upstreamOf(bare.timestamp) },
    {
      name: 'cpu',
      port: 0,
      limit: loopbackEdgeLimits.reads,
      maxBodyBytes: 0,
      // Microseconds that this process has spent, and requests that it answered.
      handler: (_, res) => res.end(JSON.stringify({ ...process.cpuUsage(), requests: answered(gateway) })),
    },
  ],
});
process.stdout.write(`${JSON.stringify(Object.fromEntries(gateway.ports))}\n`);
process.once('SIGTERM', () => void gateway.close(0));

function upstreamOf(url: string): Upstream {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function answered(of: Gateway): number {
  return of.stats().reduce((sum, { listener, requests }) => sum + (listener === 'cpu' ? 0 : requests), 0);
}
