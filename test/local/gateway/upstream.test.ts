import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ParsedAnswer } from '../../../local/gateway/answer-parser.ts';
import { UpstreamClient, type UpstreamFailure } from '../../../local/gateway/upstream.ts';
import { waitFor } from '../../../src/core/wait.ts';

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

let server: Server;
let sockets: Socket[];
/** What the server does with what it reads. */
let onRequest: (socket: Socket, text: string) => void;

beforeEach(async () => {
  sockets = [];
  onRequest = (socket) => socket.write(ok('fine'));
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => onRequest(socket, chunk.toString('latin1')));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function client(spareMs?: number): UpstreamClient {
  return new UpstreamClient({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, spareMs);
}

type Outcome = ParsedAnswer | { readonly failure: UpstreamFailure; readonly cause: Error | undefined };

const request = {
  method: 'POST',
  path: '/x',
  headers: ['accept', '*/*'],
  body: Buffer.from('{}'),
  timeoutMs: 5_000,
  maxAnswerBytes: 1_000,
};

function send(from: UpstreamClient, options: Partial<typeof request> = {}) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const giveUp = from.send(
    { ...request, ...options },
    { answer: resolve, fail: (failure, cause) => resolve({ failure, cause }) },
  );
  return { outcome: promise, giveUp };
}

async function bodyOf(outcome: Promise<Outcome>): Promise<string> {
  const settled = await outcome;
  return 'body' in settled ? settled.body.toString() : settled.failure;
}

describe('UpstreamClient.send', () => {
  it('writes one request, head and body together', async () => {
    const texts: string[] = [];
    onRequest = (socket, text) => {
      texts.push(text);
      socket.write(ok('fine'));
    };
    const upstream = client();
    await send(upstream).outcome;
    await send(upstream, { method: 'GET', headers: [], body: Buffer.alloc(0) }).outcome;
    const host = `Host: 127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(texts).toEqual([
      `POST /x HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\naccept: */*\r\n\r\n{}`,
      `GET /x HTTP/1.1\r\n${host}\r\n\r\n`,
    ]);
    upstream.close();
  });

  it('uses a connection again once it is free, the last used first', async () => {
    const upstream = client();
    await Promise.all([send(upstream).outcome, send(upstream).outcome]);
    for (let index = 0; index < 5; index += 1) await send(upstream).outcome;
    expect(sockets).toHaveLength(2);
    upstream.close();
  });

  it('uses no connection again that the server closes, or on which something was left', async () => {
    const upstream = client();
    onRequest = (socket) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nlast`);
    expect(await bodyOf(send(upstream).outcome)).toBe('last');
    onRequest = (socket) => socket.write(`${ok('mine')}${ok('stray')}`);
    expect(await bodyOf(send(upstream).outcome)).toBe('mine');
    onRequest = (socket) => socket.write(ok('own'));
    expect(await bodyOf(send(upstream).outcome)).toBe('own');
    expect(sockets).toHaveLength(3);
    upstream.close();
  });

  it('drops a connection on which a byte arrives that nobody asked for', async () => {
    const upstream = client();
    await send(upstream).outcome;
    const [first] = sockets;
    first?.write(ok('stray'));
    await waitFor(() => first?.destroyed, { what: 'the end of the connection', timeoutMs: 2_000 });
    expect(await bodyOf(send(upstream).outcome)).toBe('fine');
    expect(sockets).toHaveLength(2);
    upstream.close();
  });

  it('closes connections that nobody needs', async () => {
    const upstream = client(20);
    await Promise.all([send(upstream).outcome, send(upstream).outcome]);
    await waitFor(() => sockets.every((socket) => socket.destroyed), { what: 'their end', timeoutMs: 2_000 });
    expect(await bodyOf(send(upstream).outcome)).toBe('fine');
    upstream.close();
  });

  it('gives up its own request, and none that came after it on the same connection', async () => {
    const upstream = client();
    const first = send(upstream);
    await first.outcome;
    onRequest = () => undefined;
    const second = send(upstream);
    await waitFor(() => sockets.length === 1, { what: 'the connection', timeoutMs: 2_000 });
    first.giveUp();
    sockets[0]?.write(ok('second'));
    expect(await bodyOf(second.outcome)).toBe('second');
    expect(sockets).toHaveLength(1);

    const third = send(upstream);
    third.giveUp();
    await waitFor(() => sockets[0]?.destroyed, { what: 'the end of the connection', timeoutMs: 2_000 });
    await expect(Promise.race([third.outcome, Promise.resolve('nothing')])).resolves.toBe('nothing');
    upstream.close();
  });

  it('says why there is no answer', async () => {
    const upstream = client();
    onRequest = () => undefined;
    expect(await send(upstream, { timeoutMs: 20 }).outcome).toMatchObject({ failure: 'timeout' });
    onRequest = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    expect(await send(upstream).outcome).toMatchObject({ failure: 'broken' });
    onRequest = (socket) => socket.write('SMTP ready\r\n\r\n');
    expect(await send(upstream).outcome).toMatchObject({
      failure: 'broken',
      cause: { message: 'not the head of an answer' },
    });
    onRequest = (socket) => socket.resetAndDestroy();
    expect(await send(upstream).outcome).toMatchObject({ failure: 'broken' });
    await new Promise((resolve) => server.close(resolve));
    expect(await send(upstream).outcome).toMatchObject({ failure: 'unreachable' });
    upstream.close();
  });
});

describe('UpstreamClient.close', () => {
  it('cuts requests under way, says so, and leaves nothing behind', async () => {
    onRequest = () => undefined;
    const upstream = client();
    const { outcome } = send(upstream);
    await waitFor(() => sockets.length === 1, { what: 'the connection', timeoutMs: 2_000 });
    upstream.close();
    expect(await outcome).toMatchObject({ failure: 'broken', cause: { message: 'the gateway is closing' } });
    await waitFor(() => sockets[0]?.destroyed, { what: 'the end of the connection', timeoutMs: 2_000 });
  });
});
