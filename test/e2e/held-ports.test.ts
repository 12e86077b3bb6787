import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { edgePort, identityProviderEdge } from '../../local/endpoints.ts';
import { StateDirectory } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { listeningSockets } from '../../src/process/sockets.ts';
import { faultBench, withScript } from '../support/fault-bench.ts';
import { ask } from '../support/raw-http.ts';
import { TracedUp } from '../support/traced-up.ts';

describe('the public ports of an instance', () => {
  it('are held by up before the first server starts, and serve nothing until the drift gate has passed', async () => {
    await using bench = await faultBench();
    // A log that never gets well keeps the gate shut for as long as anybody looks.
    const environment = await withScript(bench, 'rekor', 'while :; do sleep 1; done');
    const up = new TracedUp({ ...bench.options, environment });
    await up.reached('server-started');

    const ports = await publicPorts(bench.state);
    const held = await listeningSockets([up.pid]);
    expect(held.map(({ address, port }) => `${address}:${port}`).sort()).toEqual(
      [...ports.values()].map((port) => `127.0.0.1:${port}`).sort(),
    );
    for (const [name, port] of ports) {
      expect([name, await whyNotBound(port, '127.0.0.1'), await whyNotBound(port, '0.0.0.0')]).toEqual([
        name,
        'EADDRINUSE',
        'EADDRINUSE',
      ]);
      // Fulcio asks the identity provider while it starts.
      const target = '/.well-known/openid-configuration';
      const status = name === edgePort(identityProviderEdge) ? 200 : 503;
      expect([name, (await ask(port, { target })).status]).toEqual([name, status]);
    }

    up.kill('SIGINT');
    const { code, stderr } = await up.ended;
    expect(code).toBe(130);
    const reached = stderr.match(/(?<=reached: )(gateway-listening|server-started|drift-gate-passed)/g) ?? [];
    expect(reached[0]).toBe('gateway-listening');
    expect(reached).not.toContain('drift-gate-passed');
  }, 120_000);
});

async function publicPorts(state: string): Promise<ReadonlyMap<string, number>> {
  const { ports } = await readInstanceFacts(new StateDirectory(state));
  return new Map(Object.entries(ports).filter(([name]) => name.startsWith(edgePort(''))));
}

/** Tries to listen on a port, as anybody on this machine may, and returns the error's code. */
async function whyNotBound(port: number, address: string): Promise<string | undefined> {
  const server = createServer().listen(port, address);
  try {
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    server.close();
  }
}
