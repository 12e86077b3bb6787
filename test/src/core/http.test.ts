import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ToolkitError } from '../../../src/core/error.ts';
import { request, requestBody } from '../../../src/core/http.ts';
import { type LoopbackServer, startLoopbackServer } from '../../support/loopback-server.ts';

let server: LoopbackServer;
beforeAll(async () => {
  server = await startLoopbackServer();
});
afterAll(async () => await server.close());

describe('request', () => {
  it('sends what it is given, and returns status, headers and bytes', async () => {
    server.handler = async (incoming, response) => {
      const body = (await incoming.toArray()).join('');
      response.writeHead(201, { 'x-echo': `${incoming.method} ${incoming.headers['x-test']}` }).end(`got ${body}`);
    };
    const answer = await request(server.url, {
      method: 'POST',
      headers: { 'x-test': 'a' },
      body: 'hello',
      maxBytes: 9,
    });
    expect([answer.status, answer.headers.get('x-echo'), new TextDecoder().decode(answer.body)]).toEqual([
      201,
      'POST a',
      'got hello',
    ]);
  });

  it('refuses one byte more than is allowed, with and without a length', async () => {
    for (const headers of [{ 'content-length': '11' }, {}]) {
      server.handler = (_, response) => void response.writeHead(200, headers).end('01234567890');
      expect((await request(server.url, { maxBytes: 11 })).body).toHaveLength(11);
      await expect(request(server.url, { maxBytes: 10 })).rejects.toThrowToolkit('CORE_TOO_LARGE', {
        url: server.url,
        maxBytes: 10,
      });
    }
  });

  it('refuses a body that never ends, as soon as it is too long', async () => {
    server.handler = (incoming, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
      incoming.on('close', () => clearInterval(timer));
    };
    await expect(request(server.url, { maxBytes: 10_000 })).rejects.toThrowToolkit('CORE_TOO_LARGE');
  });

  it('follows no redirect', async () => {
    const asked: string[] = [];
    server.handler = (incoming, response) => {
      asked.push(incoming.url ?? '');
      response.writeHead(302, { location: `${server.url}/elsewhere` }).end();
    };
    expect((await request(`${server.url}/here`, { maxBytes: 10 })).status).toBe(302);
    expect(asked).toEqual(['/here']);
    await expect(requestBody(`${server.url}/here`, { maxBytes: 10 })).rejects.toThrowToolkit('CORE_HTTP_STATUS', {
      status: 302,
    });
  });

  it.each([
    ['no answer', () => undefined],
    ['an answer that stops in the middle', (response: { write(text: string): void }) => response.write('half')],
  ])('refuses to wait for %s for longer than it was told', async (_, answer) => {
    server.handler = (__, response) => void answer(response);
    await expect(request(server.url, { maxBytes: 10, timeoutMs: 50 })).rejects.toThrowToolkit('CORE_HTTP_UNREACHABLE', {
      url: server.url,
    });
  });

  it('refuses a connection that is cut', async () => {
    server.handler = (incoming) => void incoming.socket.destroy();
    await expect(request(server.url, { maxBytes: 10 })).rejects.toThrowToolkit('CORE_HTTP_UNREACHABLE');
  });

  it('says why nothing could be reached', async () => {
    const closed = await startLoopbackServer();
    await closed.close();
    const refused = request(closed.url, { maxBytes: 10 });
    await expect(refused).rejects.toThrowToolkit('CORE_HTTP_UNREACHABLE', { url: closed.url });
    await expect(refused).rejects.toThrow(/no answer \(.*ECONNREFUSED/);
  });

  it('ends with the reason of an aborted signal', async () => {
    const controller = new AbortController();
    const reason = new ToolkitError('CLI_INTERRUPTED', { message: 'interrupted', fault: 'environment' });
    server.handler = () => controller.abort(reason);
    await expect(request(server.url, { maxBytes: 10, signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('requestBody', () => {
  it('accepts 200', async () => {
    server.handler = (_, response) => void response.end('yes');
    expect(await requestBody(server.url, { maxBytes: 3 })).toEqual(new TextEncoder().encode('yes'));
  });

  it.each([201, 204, 404, 500])('refuses %d, and shows what the server said', async (status) => {
    server.handler = (_, response) => void response.writeHead(status).end('  because\n');
    const refused = requestBody(server.url, { maxBytes: 100 });
    await expect(refused).rejects.toThrowToolkit('CORE_HTTP_STATUS', { url: server.url, status });
    const said = status === 204 ? '' : ' (because)';
    await expect(refused).rejects.toThrow(`${server.url}: expected status 200, got ${status}${said}`);
  });
});
