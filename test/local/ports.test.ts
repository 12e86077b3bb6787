import { createServer, type Server } from 'node:net';
import { basename } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assertPortsFree, choosePorts } from '../../local/ports.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(port: number, host: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
}

describe('choosePorts', () => {
  it('returns a port of its own for each name, below those that the kernel picks', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `service-${index}`);
    const ports = await choosePorts(names);
    expect(Object.keys(ports)).toEqual(names);
    expect(new Set(Object.values(ports)).size).toBe(names.length);
    for (const port of Object.values(ports)) {
      expect(port).toBeGreaterThanOrEqual(20_000);
      expect(port).toBeLessThanOrEqual(31_999);
    }
    await assertPortsFree(ports);
  });
});

describe('assertPortsFree', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('refuses a port on which somebody listens at %s, and says who', async (host) => {
    const { a = 0, b = 0 } = await choosePorts(['a', 'b']);
    await listen(b, host);
    const refused = assertPortsFree({ a, b });
    await expect(refused).rejects.toThrowToolkit('LOCAL_PORT_IN_USE', { name: 'b', port: b });
    const owner = `${basename(process.execPath)} (pid ${process.pid})`;
    await expect(refused).rejects.toThrow(`b: port ${b} is in use by ${owner}`);
  });
});
