import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { basename } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseNetTcp } from '../../../src/process/proc-net.ts';
import { isLoopback, listeningSockets, portOwner } from '../../../src/process/sockets.ts';

let servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.map(async (server) => await once(server.close(), 'close')));
  servers = [];
});

async function listen(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('portOwner', () => {
  it('names the process that listens', async () => {
    expect(await portOwner(await listen('127.0.0.1'))).toBe(`${basename(process.execPath)} (pid ${process.pid})`);
  });

  it('returns nothing for a free port', async () => {
    const port = await listen('127.0.0.1');
    await once(servers.pop()?.close() ?? process, 'close');
    expect(await portOwner(port)).toBeUndefined();
  });
});

describe('listeningSockets', () => {
  it('returns every address on which a process listens', async () => {
    const expected = [
      { pid: process.pid, address: '127.0.0.1', port: await listen('127.0.0.1') },
      { pid: process.pid, address: '0.0.0.0', port: await listen('0.0.0.0') },
    ];
    expect(await listeningSockets([process.pid])).toEqual(expect.arrayContaining(expected));
  });

  it('returns nothing for no process', async () => {
    await listen('127.0.0.1');
    expect(await listeningSockets([])).toEqual([]);
    expect(await listeningSockets([2 ** 30])).toEqual([]);
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:7f00:1'])('accepts %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.1.1', '128.0.0.1', '::2', '::ffff:c0a8:1'])('refuses %s', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('parseNetTcp', () => {
  it('reads addresses of both families in the order of the wire', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0',
      '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 20 4 30 10 -1',
      '   2: B80D01200000000067452301EFCDAB89:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 33 0 4244 1 0',
    ].join('\n');
    expect(parseNetTcp(table)).toEqual([
      { address: '127.0.0.1', port: 8080, listening: true, uid: 1000, inode: '4242' },
      { address: '127.0.0.1', port: 8080, listening: false, uid: 0, inode: '4243' },
      { address: '2001:db8::123:4567:89ab:cdef', port: 80, listening: true, uid: 33, inode: '4244' },
    ]);
  });
});
