import { describe, expect, it } from '@jest/globals';
import { startGateway } from '../../../local/gateway/gateway.ts';
import { startLoopbackServer } from '../../support/loopback-server.ts';

const limit = { perSecond: 1, burst: 1 };

function start(...ports: readonly number[]) {
  const listeners = ports.map((port, index) => ({
    name: `l${index}`,
    port,
    handler: () => undefined,
    maxBodyBytes: 0,
    limit,
  }));
  return startGateway({ listeners, log: () => undefined });
}

describe('startGateway', () => {
  it('refuses a port that is taken, and closes those that it had opened', async () => {
    const other = await startLoopbackServer();
    const port = Number(new URL(other.url).port);
    await expect(start(0, port)).rejects.toThrowToolkit('LOCAL_PORT_IN_USE', {
      ...{ name: 'l1', port },
      owner: expect.stringContaining(`(pid ${process.pid})`),
    });
    await other.close();
  });
});
