import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../src/core/wait.ts';
import { ask, post, sendBytes } from '../../support/raw-http.ts';
import { Stage } from './support.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const json = 'application/json';

describe('the limits of a listener', () => {
  it('refuses more requests at once than it can hold', async () => {
    const { upstream, port } = await stage.forwarding([{}], { maxInFlight: 2 });
    const waiting: (() => void)[] = [];
    upstream.handler = (_, res) => waiting.push(() => res.end());
    const first = [post(port, '/submit', '{}', json), post(port, '/submit', '{}', json)];
    await waitFor(() => waiting.length === 2, { what: 'two requests', timeoutMs: 2_000 });
    const third = await post(port, '/submit', '{}', json);
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
    for (const answer of waiting) answer();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('refuses more requests at once than one connection may bring, without a warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    const { upstream, port } = await stage.forwarding([{}], { maxPipelined: 2 });
    const head = `POST /submit HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${json}\r\nContent-Length: 2\r\n`;
    const requests = Array.from(
      { length: 40 },
      (_, index) => `${head}${index === 39 ? 'Connection: close\r\n' : ''}\r\n{}`,
    );
    const answers = await sendBytes(port, requests.join(''));
    process.off('warning', warned);
    expect(answers.match(/(?<=HTTP\/1.1 )\d{3}/g)).toEqual(['200', '200', ...Array(38).fill('503')]);
    expect(upstream.received).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('cuts off a client that does not read its answer', async () => {
    const route = { maxAnswerBytes: 64 << 20 };
    const { upstream, port } = await stage.forwarding([route], { stalledMs: 200, maxInFlight: 1 });
    upstream.handler = (_, res) => res.end(Buffer.alloc(upstream.received.length === 1 ? 32 << 20 : 1));
    const socket = connect(port, '127.0.0.1').pause();
    const head = `POST /submit HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${json}\r\n`;
    socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
    await waitFor(() => upstream.received.length === 1, { what: 'the request', timeoutMs: 2_000 });
    expect((await post(port, '/submit', '{}', json)).status).toBe(503);
    await waitFor(async () => (await post(port, '/submit', '{}', json)).status === 200, {
      what: 'the end of the one that stalls',
      timeoutMs: 5_000,
    });
    socket.destroy();
  });

  it('cuts off a client that is slow with its headers or with its body', async () => {
    const { port } = await stage.forwarding([{}], { headersMs: 100, requestMs: 200, checkMs: 20 });
    const head = `POST /submit HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
    expect(await sendBytes(port, head)).toMatch(/^HTTP\/1.1 408 /);
    expect(await sendBytes(port, `${head}Content-Type: ${json}\r\nContent-Length: 2\r\n\r\n{`)).toMatch(
      /^(HTTP\/1.1 408 |$)/,
    );
  });

  it('refuses more connections than it grants', async () => {
    const { port } = await stage.forwarding([{}], { maxConnections: 1 });
    const first = connect(port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    await expect(ask(port, { target: '/fetch' })).resolves.toMatchObject({ text: '' });
    first.destroy();
    await waitFor(async () => (await ask(port, { target: '/fetch' })).status === 200, {
      what: 'room',
      timeoutMs: 2_000,
    });
  });
});
