import { describe, expect, it } from '@jest/globals';
import { startGateway } from '../../../local/gateway/gateway.ts';
import { loopbackEdgeLimits, tufEdge } from '../../../src/services/edge.ts';
import { ask } from '../../support/raw-http.ts';

describe('a listener that is not open', () => {
  it('holds its port, and offers nothing behind it', async () => {
    let open = false;
    const directory = { name: 'tuf', port: 0, edge: tufEdge(loopbackEdgeLimits), directory: '/', isOpen: () => open };
    const gateway = await startGateway({ listeners: [directory] });
    try {
      const port = gateway.ports.get('tuf') ?? 0;
      expect((await ask(port, { target: '/timestamp.json' })).status).toBe(503);
      open = true;
      expect((await ask(port, { target: '/timestamp.json' })).status).toBe(404);
    } finally {
      await gateway.close();
    }
  });
});
