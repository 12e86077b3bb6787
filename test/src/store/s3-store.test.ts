import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { awsClientLimits } from '../../../src/core/aws.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { type S3Store, s3Store } from '../../../src/store/s3-store.ts';
import { type FakeS3, refuse, startFakeS3 } from '../../support/fake-s3.ts';

const uri = 's3://acme-tuf/production';

let s3: FakeS3;
let store: S3Store;
beforeEach(async () => {
  s3 = await startFakeS3('acme-tuf');
  store = open();
});
afterEach(async () => await s3[Symbol.asyncDispose]());

function open(client: object = {}): S3Store {
  return s3Store(uri, { client: { ...s3.client, ...client } });
}

function written(key: string): string | undefined {
  return s3.objects.get(`production/${key}`)?.bytes.toString();
}

describe('S3Store', () => {
  it('accepts a file and returns it', async () => {
    expect(await store.read('targets/a.json', 10)).toBeUndefined();
    await store.create('targets/a.json', utf8('one'));
    expect(await store.read('targets/a.json', 10)).toEqual(utf8('one'));
    expect([...s3.objects.keys()]).toEqual(['production/targets/a.json']);
    expect(store.uri).toBe(uri);
  });

  it('says what caches may keep, what the bytes are, and their digest', async () => {
    await store.create('1.root.json', utf8('root'));
    await store.create('targets/ca.pem', utf8('pem'));
    await store.replace('timestamp.json', utf8('timestamp'));
    const immutable = 'public, max-age=31536000, immutable';
    expect([...s3.objects.values()].map(({ headers }) => [headers['content-type'], headers['cache-control']])).toEqual([
      ['application/json', immutable],
      ['application/octet-stream', immutable],
      ['application/json', 'no-store'],
    ]);
    const checksums = [...s3.objects.values()].map(({ headers }) => headers['x-amz-checksum-sha256']);
    expect(checksums[0]).toBe('SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=');
  });

  it.each(['', '/etc/passwd', '../x', 'a//b', './a', '.lock', 'a\\b', 'a b', 'a/'])(
    'refuses the path %p',
    async (path) => {
      await expect(store.read(path, 10)).rejects.toThrowToolkit('STORE_PATH');
      await expect(store.create(path, utf8('x'))).rejects.toThrowToolkit('STORE_PATH');
      await expect(store.replace(path, utf8('x'))).rejects.toThrowToolkit('STORE_PATH');
      expect(s3.requests).toEqual([]);
    },
  );
});

describe('S3Store.read', () => {
  it.each([
    ['that says its length', { 'content-length': '5' }],
    ['that does not', {}],
  ])('refuses a file above the cap %s', async (_what, headers) => {
    s3.intercept = (_request, response) => {
      response.writeHead(200, { etag: '"a"', ...headers });
      response.write('123');
      response.end('45');
      return true;
    };
    expect(await store.read('a.json', 5)).toEqual(utf8('12345'));
    await expect(store.read('a.json', 4)).rejects.toThrowToolkit('CORE_TOO_LARGE', { maxBytes: 4 });
  });

  it('reads no more than the cap of an endless file', async () => {
    s3.intercept = (_request, response) => {
      response.writeHead(200, { etag: '"a"' });
      const more = () => {
        if (response.destroyed) return;
        response.write('x'.repeat(1_024));
        setImmediate(more);
      };
      more();
      return true;
    };
    await expect(store.read('a.json', 100_000)).rejects.toThrowToolkit('CORE_TOO_LARGE');
  });

  it.each([
    ['bytes that their checksum is not of', { 'x-amz-checksum-sha256': 'A'.repeat(43).concat('=') }, '12345'],
    ['an answer that ends too early', {}, '123'],
    ['an answer without ETag', { etag: undefined }, '12345'],
  ])('refuses %s', async (_what, change, body) => {
    s3.intercept = (_request, response) => {
      const headers = Object.entries({ etag: '"a"', 'content-length': '5', ...change });
      for (const [name, value] of headers) if (value !== undefined) response.setHeader(name, value);
      response.write(body, () => (body.length < 5 ? response.destroy() : response.end()));
      return true;
    };
    await expect(store.read('a.json', 10)).rejects.toThrowToolkit('STORE_FAILED', { path: 'a.json' });
  });

  it.each([
    [403, 'AccessDenied', 'STORE_DENIED'],
    [404, 'NoSuchBucket', 'STORE_NO_BUCKET'],
    [404, 'NotFound', 'STORE_FAILED'],
    [403, 'InvalidAccessKeyId', 'STORE_UNCONFIGURED'],
    [403, 'RequestTimeTooSkewed', 'STORE_UNCONFIGURED'],
    [301, 'PermanentRedirect', 'STORE_FAILED'],
  ])('says what %d %s means, and takes it for no absence', async (status, name, code) => {
    s3.intercept = (_request, response) => {
      refuse(response, status, name);
      return true;
    };
    await expect(store.read('a.json', 10)).rejects.toThrowToolkit(code, { operation: 'GetObject', store: uri });
    await expect(store.create('a.json', utf8('a'))).rejects.toThrowToolkit(code, { operation: 'PutObject' });
  });

  it('tries three times, and names the network in its error', async () => {
    s3.intercept = (_request, response) => {
      refuse(response, 503, 'SlowDown');
      return true;
    };
    await expect(store.read('a.json', 10)).rejects.toThrowToolkit('STORE_FAILED');
    expect(s3.requests).toHaveLength(3);
    await s3[Symbol.asyncDispose]();
    await expect(store.read('a.json', 10)).rejects.toThrowToolkit('STORE_FAILED');
  });

  it('gives up a server that says nothing', async () => {
    s3.intercept = () => true;
    const impatient = open({ requestHandler: { ...awsClientLimits.requestHandler, requestTimeout: 20 } });
    await expect(impatient.read('a.json', 10)).rejects.toThrowToolkit('STORE_FAILED');
    expect(s3.requests).toHaveLength(3);
  });

  it('refuses to guess a region', async () => {
    const nowhere = open({ region: async () => Promise.reject(new Error('Region is missing')) });
    await expect(nowhere.read('a.json', 10)).rejects.toThrowToolkit('STORE_UNCONFIGURED');
  });
});

describe('S3Store.create', () => {
  it('refuses to create over other content, and accepts the same again', async () => {
    await store.create('a.json', utf8('one'));
    await store.create('a.json', utf8('one'));
    for (const other of ['two', 'longer', '']) {
      await expect(store.create('a.json', utf8(other))).rejects.toThrowToolkit('STORE_EXISTS', { path: 'a.json' });
    }
    expect(written('a.json')).toBe('one');
  });

  it('accepts that its own write was carried out, though the answer got lost', async () => {
    s3.loseNextAnswer();
    await store.create('a.json', utf8('one'));
    expect(s3.requests).toEqual(['PUT production/a.json', 'PUT production/a.json', 'GET production/a.json']);
  });

  it('refuses to go on while another write of the name is under way', async () => {
    s3.intercept = ({ method }, response) => {
      if (method === 'PUT') refuse(response, 409, 'ConditionalRequestConflict');
      return method === 'PUT';
    };
    await expect(store.create('a.json', utf8('one'))).rejects.toThrowToolkit('STORE_CHANGED', { path: 'a.json' });
  });
});

describe('S3Store.replace', () => {
  const path = 'timestamp.json';

  it('replaces what it read or wrote last', async () => {
    await store.read(path, 10);
    for (const content of ['one', 'two', 'three']) await store.replace(path, utf8(content));
    await open().replace(path, utf8('four'));
    await store.read(path, 10);
    await store.replace(path, utf8('five'));
    expect(written(path)).toBe('five');
  });

  it.each([
    ['the first file', undefined],
    ['a file', 'before'],
  ])('lets one of two replace %s', async (_what, before) => {
    if (before !== undefined) await open().replace(path, utf8(before));
    const stores = ['alice', 'bob'].map((name) => ({ name, store: open() }));
    await Promise.all(stores.map(async (one) => await one.store.read(path, 10)));
    const writes = stores.map(async (one) => await one.store.replace(path, utf8(one.name)));
    const outcomes = await Promise.allSettled(writes);
    const winner = stores.find((_, index) => outcomes[index]?.status === 'fulfilled');
    const [refused, ...more] = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(more).toEqual([]);
    expect(() => {
      throw refused?.reason;
    }).toThrowToolkit('STORE_CHANGED', { path });
    expect(written(path)).toBe(winner?.name);
  });

  it('refuses again, until it has read what the other wrote', async () => {
    await store.read(path, 10);
    await open().replace(path, utf8('other'));
    for (const _ of [1, 2]) await expect(store.replace(path, utf8('own'))).rejects.toThrowToolkit('STORE_CHANGED');
    await store.read(path, 10);
    await store.replace(path, utf8('own'));
    expect(written(path)).toBe('own');
  });

  it('refuses where what it read is gone', async () => {
    await store.replace(path, utf8('one'));
    s3.objects.clear();
    await expect(store.replace(path, utf8('two'))).rejects.toThrowToolkit('STORE_CHANGED');
  });

  it('accepts that its own write was carried out, though the answer got lost', async () => {
    await store.read(path, 10);
    s3.loseNextAnswer();
    await store.replace(path, utf8('one'));
    await store.replace(path, utf8('two'));
    expect(written(path)).toBe('two');
  });
});
