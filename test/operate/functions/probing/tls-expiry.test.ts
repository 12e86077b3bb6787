import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hostsOf, tlsExpiry } from '../../../../operate/functions/probing/tls-expiry.ts';
import { addMs, dayMs } from '../../../../src/core/clock.ts';
import { makeTestCa } from '../../../support/aws/test-ca.ts';

let directory: string;
let server: Server;
let plain: Server;
const now = new Date();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-tls-'));
  const { certificate, key } = await (await makeTestCa(directory)).issue('edge', 'localhost');
  server = createServer({ cert: await readFile(certificate), key: await readFile(key) });
  plain = createTcpServer((socket) => socket.end('no TLS here\n'));
  for (const each of [server, plain]) await new Promise<void>((done) => each.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  server.close();
  plain.close();
  await rm(directory, { recursive: true });
});

function portOf(listening: Server): number {
  return (listening.address() as AddressInfo).port;
}

describe('tlsExpiry', () => {
  it('measures the certificate that is shown, also by an authority that nobody trusts', async () => {
    const metric = await tlsExpiry('localhost', { now, port: portOf(server) });
    expect(metric).toMatchObject({ name: 'TlsExpiresInDays', of: { Host: 'localhost' } });
    expect(metric.value).toBeCloseTo(2, 1);
  });

  it('goes below zero past the end', async () => {
    const { value } = await tlsExpiry('localhost', { now: addMs(now, 5 * dayMs), port: portOf(server) });
    expect(value).toBeCloseTo(-3, 1);
  });

  it('refuses a host that speaks no TLS, and one that does not answer', async () => {
    for (const port of [portOf(plain), 1]) {
      await expect(tlsExpiry('localhost', { now, port })).rejects.toThrowToolkit('OPS_TLS_UNREADABLE', {
        host: 'localhost',
      });
    }
  });
});

describe('hostsOf', () => {
  it('names each host once, of those that show a certificate', () => {
    const urls = ['https://a.example', 'https://b.example/prefix', 'https://a.example:443/x', 'http://c.example'];
    expect(hostsOf(urls)).toEqual(['a.example', 'b.example']);
  });
});
