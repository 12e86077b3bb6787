import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startGateway } from '../../../local/gateway/gateway.ts';
import type { GatewayListener } from '../../../local/gateway/listener.ts';
import { waitFor } from '../../../src/core/wait.ts';
import { loopbackEdgeLimits, rekorEdge, tufEdge } from '../../../src/services/edge.ts';
import { ask, parseAnswer, post, readToEnd, sendBytes } from '../../support/raw-http.ts';
import { edgeWith, getRoute, plenty, postRoute, Stage } from './support.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const json = 'application/json';
const nowhere = { host: '127.0.0.1', port: 1 };

describe('startGateway', () => {
  it('refuses a route without what it needs', async () => {
    const start = (...listeners: GatewayListener[]) => startGateway({ listeners });
    const edge = rekorEdge(loopbackEdgeLimits);
    await expect(start({ name: 'a', port: 0, edge, directory: '/' })).rejects.toThrowToolkit('LOCAL_GATEWAY_LISTENER', {
      name: 'a',
    });
    await expect(start({ name: 'a', port: 0, edge, upstream: nowhere })).rejects.toThrowToolkit(
      'LOCAL_GATEWAY_LISTENER',
    );
    const twice = { name: 'a', port: 0, edge: tufEdge(loopbackEdgeLimits), directory: '/' };
    await expect(start(twice, twice)).rejects.toThrowToolkit('LOCAL_GATEWAY_LISTENER');
  });

  it('refuses a port in use, naming it, and keeps no other', async () => {
    const { port: taken } = await stage.upstream();
    const free = await stage.upstream();
    const freePort = free.port;
    await free.close();
    const listeners = [freePort, taken].map((port) => ({
      name: `at ${port}`,
      port,
      edge: edgeWith(getRoute),
      upstream: nowhere,
    }));
    await expect(startGateway({ listeners })).rejects.toThrowToolkit('LOCAL_PORT_IN_USE', { port: taken });
    await stage.upstream(freePort);
  });

  it('listens on 127.0.0.1 and on no other address', async () => {
    const { port } = await stage.forwarding();
    const ours = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
      // A link-local address is one of its own link: without that, the first link is asked for it, and is silent.
      (all ?? []).map(({ address, scopeid }) => (scopeid ? `${address}%${name}` : address)),
    );
    for (const address of [...ours, '127.0.0.2'].filter((other) => other !== '127.0.0.1')) {
      await expect(readToEnd(connect(port, address))).rejects.toThrow(/ECONNREFUSED|EINVAL|ENETUNREACH/);
    }
  });

  it('counts requests by route and status', async () => {
    const { gateway, port } = await stage.forwarding();
    await post(port, '/submit', '{}', json);
    await post(port, '/submit', '{}', json);
    await post(port, '/submit', '{}', 'text/plain');
    await ask(port, { target: '/elsewhere' });
    expect(gateway.stats()).toEqual([
      { listener: 'test', route: 'submit', requests: 3, statuses: { 200: 2, 415: 1 } },
      { listener: 'test', route: 'fetch', requests: 0, statuses: {} },
      { listener: 'test', route: 'other', requests: 1, statuses: { 404: 1 } },
    ]);
  });
});

describe('a listener', () => {
  it('refuses paths that no route names', async () => {
    const { upstream, port } = await stage.forwarding();
    for (const target of [
      '/',
      '/submit/',
      '/submit?x=1',
      '/Submit',
      '/submit%20',
      '/./submit',
      '//submit',
      '/debug/pprof/',
    ]) {
      const answer = await post(port, target, '{}', json);
      expect([target, answer.status, answer.headers.get('cache-control')]).toEqual([target, 404, 'no-store']);
    }
    expect(upstream.received).toEqual([]);
  });

  it.each([
    ['GET', '/submit', 'POST'],
    ['PUT', '/submit', 'POST'],
    ['OPTIONS', '/submit', 'POST'],
    ['POST', '/fetch', 'GET'],
    ['HEAD', '/fetch', 'GET'],
  ])('refuses %s %s and names what is allowed', async (method, target, allowed) => {
    const { port } = await stage.forwarding();
    const answer = await ask(port, { method, target, headers: ['Content-Length: 0'] });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
  });

  it.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '127.0.0.2:PORT', '', 'localhost.evil:PORT'])(
    'refuses host %j: a page that points its name at 127.0.0.1 gets nothing',
    async (host) => {
      const { upstream, port } = await stage.forwarding();
      const answer = await ask(port, { target: '/fetch', host: host.replace('PORT', String(port)) });
      expect(answer.status).toBe(421);
      expect(upstream.received).toEqual([]);
    },
  );

  it.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', 'edge.test:PORT'])('accepts host %j', async (host) => {
    const upstream = await stage.upstream();
    const edge = {
      edge: edgeWith(getRoute),
      upstream: { host: '127.0.0.1', port: upstream.port },
      hosts: ['Edge.test'],
    };
    const { port } = await stage.edge(edge);
    expect((await ask(port, { target: '/fetch', host: host.replace('PORT', String(port)) })).status).toBe(200);
  });

  it('refuses more requests than a route grants to one address, says when to come back, and counts each route apart', async () => {
    const { upstream, port } = await stage.forwarding([{ limit: { perSecond: 0.5, burst: 2 } }]);
    const statuses = [];
    for (let index = 0; index < 3; index += 1) statuses.push(await post(port, '/submit', '{}', json));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(statuses[2]?.headers.get('retry-after')).toBe('2');
    expect(upstream.received).toHaveLength(2);
    expect((await ask(port, { target: '/fetch' })).status).toBe(200);
  });

  it.each([
    ['two lengths for one body', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two different lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['a length that is none', 'Content-Length: +2\r\n\r\n{}'],
    ['an encoding that is not chunked', 'Transfer-Encoding: xchunked\r\n\r\n{}'],
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 2\r\n\r\n{}'],
    ['a folded header', 'X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}'],
    ['a bare line feed', 'X: a\nContent-Length: 2\r\n\r\n{}'],
  ])('refuses %s: two readings of one request are how requests are smuggled', async (_, rest) => {
    const { upstream, port } = await stage.forwarding();
    const head = `POST /submit HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${json}\r\nConnection: close\r\n`;
    expect(parseAnswer(await sendBytes(port, head + rest)).status).toBe(400);
    expect(upstream.received).toEqual([]);
  });

  it('refuses a request without a host, another expectation, and another protocol', async () => {
    const { port } = await stage.forwarding();
    expect(await sendBytes(port, 'GET /fetch HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(port, { target: '/fetch', headers: ['Expect: tea'] })).status).toBe(417);
    expect(await sendBytes(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await sendBytes(port, `CONNECT x:1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)).toBe('');
  });

  it.each([
    [30_000, 200],
    [40_000, 431],
  ])('answers headers of %d bytes with %d', async (length, status) => {
    const { port } = await stage.forwarding();
    expect((await ask(port, { target: '/fetch', headers: [`X: ${'x'.repeat(length)}`] })).status).toBe(status);
  });
});

describe('a listener with a handler', () => {
  const listener = { limit: plenty, maxBodyBytes: 10 };

  it('accepts every method and path, and counts what the handler answers', async () => {
    const { gateway, port } = await stage.edge({
      ...listener,
      handler: (req, res) =>
        void res.writeHead(req.url === '/login' ? 200 : 404, { 'Content-Length': '6' }).end('method'),
    });
    expect(await ask(port, { method: 'DELETE', target: '/login' })).toMatchObject({ status: 200, body: 'method' });
    expect((await ask(port, { target: '/x?y' })).status).toBe(404);
    expect(gateway.stats()[0]).toMatchObject({ route: 'handler', requests: 2, statuses: { 200: 1, 404: 1 } });
  });

  it('accepts a body up to its limit, and refuses a longer one or one without a length', async () => {
    const { port } = await stage.edge({
      ...listener,
      handler: (req, res) => void req.on('data', (chunk) => res.write(chunk)).on('end', () => res.end()),
    });
    expect((await post(port, '/', 'x'.repeat(10), 'text/plain')).body).toContain('x'.repeat(10));
    expect((await post(port, '/', 'x'.repeat(11), 'text/plain')).status).toBe(413);
    const chunked = { method: 'POST', target: '/', headers: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' };
    expect((await ask(port, chunked)).status).toBe(411);
  });

  it('refuses a foreign host, and too many requests', async () => {
    const handler = (_: unknown, res: { end(): void }) => res.end();
    const { port } = await stage.edge({ ...listener, handler, limit: { perSecond: 0.1, burst: 1 } });
    expect((await ask(port, { target: '/', host: 'evil.example' })).status).toBe(421);
    expect((await ask(port, { target: '/' })).status).toBe(200);
    expect((await ask(port, { target: '/' })).status).toBe(429);
  });

  it('says 500, and why to the log, if the handler throws', async () => {
    const { port } = await stage.edge({
      ...listener,
      handler: () => {
        throw new Error('broken page');
      },
    });
    expect((await ask(port, { target: '/' })).status).toBe(500);
    expect(stage.log).toEqual([expect.stringMatching(/500 .*broken page/)]);
  });
});

describe('Gateway.close', () => {
  it('lets requests under way finish, closes their connections, and takes no new ones', async () => {
    const { upstream, gateway, port } = await stage.forwarding();
    let answer = () => undefined as unknown;
    upstream.handler = (_, res) => {
      answer = () => res.end('last');
    };
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /fetch HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await waitFor(() => upstream.received.length === 1, { what: 'the request', timeoutMs: 2_000 });
    const idle = connect(port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const closed = gateway.close(10_000);
    await expect(ask(port, { target: '/fetch' })).rejects.toThrow('ECONNREFUSED');
    answer();
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*last$/);
    await closed;
    idle.destroy();
  });

  it('refuses a second request on a connection that is still open', async () => {
    const { upstream, gateway, port } = await stage.forwarding();
    let answer = () => undefined as unknown;
    upstream.handler = (_, res) => {
      answer = () => res.end('last');
    };
    const socket = connect(port, '127.0.0.1');
    const head = `GET /fetch HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    socket.write(head);
    await waitFor(() => upstream.received.length === 1, { what: 'the request', timeoutMs: 2_000 });
    const closed = gateway.close(10_000);
    socket.write(head);
    await waitFor(() => gateway.stats()[1]?.requests === 1, { what: 'the refusal', timeoutMs: 2_000 });
    answer();
    const text = await readToEnd(socket);
    expect(text).toContain('last');
    await closed;
    expect(upstream.received).toHaveLength(1);
  });

  it('cuts off what is left after the grace', async () => {
    const { upstream, gateway, port } = await stage.forwarding();
    upstream.handler = () => undefined;
    const unanswered = ask(port, { target: '/fetch' });
    await waitFor(() => upstream.received.length === 1, { what: 'the request', timeoutMs: 2_000 });
    await gateway.close(50);
    expect((await unanswered).text).toBe('');
  });

  it('may be followed by another start on the same port', async () => {
    const source = { edge: edgeWith(postRoute), upstream: { host: '127.0.0.1', port: (await stage.upstream()).port } };
    const { gateway, port } = await stage.edge(source);
    await gateway.close();
    await stage.gateway([{ name: 'again', port, ...source }]);
    expect((await post(port, '/submit', '{}', json)).status).toBe(200);
  });
});
