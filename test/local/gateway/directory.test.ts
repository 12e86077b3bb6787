import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ctEdge, loopbackEdgeLimits, rekorEdge, tufEdge } from '../../../src/services/edge.ts';
import { ask, sendBytes } from '../../support/raw-http.ts';
import { Stage } from './support.ts';

let stage: Stage;
let base: string;
let directory: string;
const issuer = 'ab'.repeat(32);

beforeEach(async () => {
  stage = new Stage();
  base = await realpath(await mkdtemp(join(tmpdir(), 'gateway-')));
  directory = join(base, 'log');
  await write('checkpoint', 'origin\n1\n');
  await write('tile/0/000.p/5', 'five');
  await write('tile/0/x001/000', 'full');
  await write('tile/entries/000', 'entries');
  await write('tile/data/000', 'data');
  await write(`issuer/${issuer}`, 'der');
  await write('.state/treeState', 'secret');
  await write('debug', 'secret');
  await write('../outside', 'secret');
});
afterEach(async () => {
  await stage.close();
  await rm(base, { recursive: true });
});

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}

async function rekor(): Promise<number> {
  const upstream = { host: '127.0.0.1', port: 1 };
  return (await stage.edge({ edge: rekorEdge(loopbackEdgeLimits), upstream, directory })).port;
}

async function ct(): Promise<number> {
  return (await stage.edge({ edge: ctEdge(loopbackEdgeLimits), directory })).port;
}

describe('a route that reads', () => {
  it.each([
    ['/api/v2/checkpoint', 'origin\n1\n', 'text/plain; charset=utf-8', 'no-cache'],
    ['/checkpoint', 'origin\n1\n', 'text/plain; charset=utf-8', 'no-cache'],
    ['/api/v2/tile/0/000.p/5', 'five', 'application/octet-stream', 'public, max-age=604800, immutable'],
    ['/api/v2/tile/0/x001/000', 'full', 'application/octet-stream', 'public, max-age=604800, immutable'],
    ['/api/v2/tile/entries/000', 'entries', 'application/octet-stream', 'public, max-age=604800, immutable'],
  ])('accepts %s of a Rekor log', async (target, body, contentType, cacheControl) => {
    const answer = await ask(await rekor(), { target });
    expect(answer).toMatchObject({ status: 200, body });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': contentType,
      'cache-control': cacheControl,
      'content-length': String(body.length),
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([`/issuer/${issuer}`, '/tile/data/000', '/checkpoint'])('accepts %s of a CT log', async (target) => {
    expect((await ask(await ct(), { target })).status).toBe(200);
  });

  it('accepts HEAD, without the bytes', async () => {
    const answer = await ask(await rekor(), { method: 'HEAD', target: '/api/v2/tile/0/000.p/5' });
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers.get('content-length')).toBe('4');
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('refuses %s', async (method) => {
    const answer = await ask(await rekor(), { method, target: '/api/v2/checkpoint', headers: ['Content-Length: 0'] });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('refuses a missing file, which may appear the next moment, and lets no cache keep that', async () => {
    const repository = (await stage.edge({ edge: tufEdge(loopbackEdgeLimits), directory: join(base, 'tuf') })).port;
    const before = await ask(repository, { target: '/2.root.json' });
    expect([before.status, before.headers.get('cache-control')]).toEqual([404, 'no-store']);
    await write('../tuf/2.root.json', '{}');
    expect((await ask(repository, { target: '/2.root.json' })).status).toBe(200);
  });

  it('accepts a file larger than it holds in memory, whole and unchanged', async () => {
    const bytes = Buffer.alloc(3_000_001, 'abcdefg');
    await write('tile/entries/x001/000', bytes.toString());
    const port = await rekor();
    const answer = await ask(port, { target: '/api/v2/tile/entries/x001/000' });
    expect(answer.body.length).toBe(bytes.length);
    expect(Buffer.from(answer.body, 'latin1').equals(bytes)).toBe(true);
  });

  it('accepts a client that stops reading a large file', async () => {
    await write('tile/entries/000', '');
    await truncate(join(directory, 'tile/entries/000'), 16_000_000);
    const port = await rekor();
    await new Promise<void>((resolve, reject) => {
      const client = request({ port, host: '127.0.0.1', path: '/tile/entries/000' }, (answer) => {
        answer.once('data', () => {
          client.destroy();
          resolve();
        });
      });
      client.on('error', reject);
      client.end();
    });
    expect((await ask(port, { target: '/checkpoint' })).status).toBe(200);
    expect(stage.log).toEqual([]);
  });

  it('accepts an empty file', async () => {
    await write('tile/0/000', '');
    expect(await ask(await rekor(), { target: '/tile/0/000' })).toMatchObject({ status: 200, body: '' });
  });

  describe('never serves anything else', () => {
    it.each([
      '/',
      '/debug',
      '/debug/pprof/',
      '/.state/treeState',
      '/api/v2/.state/treeState',
      '/tile',
      '/tile/0',
      '/tile/0/',
      '/../outside',
      '/tile/../../outside',
      '/api/v2/../../outside',
      '/tile/0/../../.state/treeState',
      '/tile/0/..%2f..%2f.state/treeState',
      '/tile/0/%2e%2e/%2e%2e/.state/treeState',
      '/%2estate/treeState',
      '/tile%2f0%2f000.p%2f5',
      '/tile/0/000.p%2f5',
      '/tile/0/000%00',
      '/tile/0/000.p/5?x=1',
      '/tile/0/000.p/5#x',
      '/tile/0/000.p/5;x',
      '//checkpoint',
      '/checkpoint/',
      '/checkpoint/.',
      '/./checkpoint',
      '/api/v2//checkpoint',
      '/api//v2/checkpoint',
      '/API/v2/checkpoint',
      '/api%2fv2/checkpoint',
      '\\checkpoint',
      '/tile\\0\\000.p\\5',
      'checkpoint',
      'http://127.0.0.1/checkpoint',
      '*',
    ])('%s', async (target) => {
      const answer = await ask(await rekor(), { target });
      expect([400, 404]).toContain(answer.status);
      expect(answer.body).not.toContain('secret');
      expect(answer.headers.get('cache-control') ?? 'no-store').toBe('no-store');
    });

    it.each(['/tile/0/\0', '/tile/0/000\x01', '/check\tpoint', '/check point', '/caf\xe9', '/\r\nX: y\r\n\r\n'])(
      'a target with bytes that do not belong there: %j',
      async (target) => {
        const port = await rekor();
        const text = await sendBytes(
          port,
          Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`, 'latin1'),
        );
        expect(text).toMatch(/^HTTP\/1\.1 (400|404|421) /);
      },
    );

    it('a link that leads out of the directory', async () => {
      await symlink(join(base, 'outside'), join(directory, 'tile/0/007'));
      await symlink('../../../outside', join(directory, 'tile/0/008'));
      await symlink(base, join(directory, 'tile/1'));
      await write('../000', 'secret');
      const port = await rekor();
      for (const target of ['/tile/0/007', '/tile/0/008', '/tile/1/000']) {
        expect((await ask(port, { target })).status).toBe(404);
      }
    });

    it('a link to what the server keeps for itself', async () => {
      await symlink('../../.state/treeState', join(directory, 'tile/0/007'));
      await symlink('../.state', join(directory, 'tile/1'));
      await write('.state/000', 'secret');
      const port = await rekor();
      expect((await ask(port, { target: '/tile/0/007' })).status).toBe(404);
      expect((await ask(port, { target: '/tile/1/000' })).status).toBe(404);
    });

    it('a link that leads nowhere, or round', async () => {
      await symlink('gone', join(directory, 'tile/0/007'));
      await symlink('008', join(directory, 'tile/0/008'));
      const port = await rekor();
      expect((await ask(port, { target: '/tile/0/007' })).status).toBe(404);
      expect((await ask(port, { target: '/tile/0/008' })).status).toBe(404);
    });

    it('a file under the name of a directory', async () => {
      await rm(join(directory, 'tile/0/x001'), { recursive: true });
      await write('tile/0/x001', 'a file');
      expect((await ask(await rekor(), { target: '/tile/0/x001/000' })).status).toBe(404);
    });

    it('a directory or a socket under the name of a file', async () => {
      await mkdir(join(directory, 'tile/0/007'));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(directory, 'tile/0/008'), resolve));
      const port = await rekor();
      expect((await ask(port, { target: '/tile/0/007' })).status).toBe(404);
      expect((await ask(port, { target: '/tile/0/008' })).status).toBe(404);
      await new Promise((resolve) => server.close(resolve));
    });

    it('but follows a link to another file that is published: older servers leave them', async () => {
      await symlink('../x001/000', join(directory, 'tile/0/000.p/6'));
      expect(await ask(await rekor(), { target: '/tile/0/000.p/6' })).toMatchObject({ status: 200, body: 'full' });
    });

    it('but serves a directory that is itself behind a link', async () => {
      await symlink(directory, join(base, 'alias'));
      const { port } = await stage.edge({ edge: ctEdge(loopbackEdgeLimits), directory: join(base, 'alias') });
      expect((await ask(port, { target: '/checkpoint' })).status).toBe(200);
    });

    it('whatever the target is made of', async () => {
      const port = await rekor();
      const part = fc.constantFrom(
        ...['/', 'api', 'v2', 'tile', '0', '000', '.p', '5', 'x001', 'entries', 'checkpoint', '..', '.', '.state'],
        ...['treeState', '%2e', '%2F', 'debug', 'outside', '\\', '?', '#', '//', 'issuer', issuer],
      );
      const target = fc.array(part, { minLength: 1, maxLength: 12 }).map((parts) => `/${parts.join('')}`);
      const published = /^(?:\/api\/v2)?\/(?:checkpoint|tile\/0\/000\.p\/5|tile\/0\/x001\/000|tile\/entries\/000)$/;
      await fc.assert(
        fc.asyncProperty(target, async (path) => {
          const answer = await ask(port, { target: path });
          expect(answer.body).not.toContain('secret');
          expect(answer.status === 200).toBe(published.test(path));
        }),
        { numRuns: 100 },
      );
    });
  });

  it('says 500, and why to the log, if it cannot look', async () => {
    const { port } = await stage.edge({ edge: ctEdge(loopbackEdgeLimits), directory: 'no\0such' });
    expect((await ask(port, { target: '/checkpoint' })).status).toBe(500);
    expect(stage.log).toEqual([expect.stringMatching(/^test: GET \/checkpoint: 500 .*null bytes/)]);
  });
});
