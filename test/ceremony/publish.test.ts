import { beforeEach, describe, expect, it } from '@jest/globals';
import { exclusively } from '../../ceremony/lock.ts';
import { publish } from '../../ceremony/publish.ts';
import { resignOnline } from '../../ceremony/resign-online.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { verifyRepository } from '../../src/tuf/repository.ts';
import {
  forge,
  inDays,
  MemoryStore,
  now,
  online,
  onRepository,
  publishedRepository,
  readerOf,
} from '../support/root-of-trust.ts';

const first = await publishedRepository();
const verify = (store: MemoryStore) => verifyRepository({ read: readerOf(store), pinnedRoot: first.pinnedRoot, now });
const old = await verify(first.store);
let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore(first.store.files);
});

describe('publish', () => {
  it('writes nothing that is published already', async () => {
    expect((await publish({ repository: old, store, now })).changed).toEqual([]);
    expect(store.writes).toEqual([]);
  });

  it('copies a repository to an empty store, the timestamp last', async () => {
    const copy = new MemoryStore();
    const { changed } = await publish({ repository: old, store: copy, now });
    expect(changed).toEqual(copy.writes);
    expect(changed.slice(-2)).toEqual(['1.root.json', 'timestamp.json']);
    expect(copy.files).toEqual(first.store.files);
  });

  it('refuses to go backwards, and writes nothing', async () => {
    await resignOnline({ ...onRepository({ store, pinnedRoot: first.pinnedRoot }), force: true });
    store.writes.length = 0;
    await expect(publish({ repository: old, store, now })).rejects.toThrowToolkit('CER_VERSION_BACKWARDS', {
      role: 'snapshot',
      published: 2,
      got: 1,
    });
    expect(store.writes).toEqual([]);
  });

  it('refuses a version that is published with other bytes', async () => {
    const expires = formatInstant(inDays(2));
    const stamp = store.files.get('timestamp.json') as Uint8Array;
    store.files.set('timestamp.json', await forge(stamp, 'timestamp', { expires }, [online]));
    await expect(publish({ repository: old, store, now })).rejects.toThrowToolkit('CER_VERSION_REUSED', {
      role: 'timestamp',
    });
  });

  it('refuses a store that returns another repository than was written', async () => {
    class StaleStore extends MemoryStore {
      override async replace(): Promise<void> {
        // Claims to have written, like a cache in front of a bucket.
      }
    }
    const stale = new StaleStore(store.files);
    const options = { ...onRepository({ store: stale, pinnedRoot: first.pinnedRoot }), force: true };
    await expect(resignOnline(options)).rejects.toThrowToolkit('CER_PUBLISHED_OTHER', { expected: 2, got: 1 });
  });

  it('refuses a store that lost a file', async () => {
    class LossyStore extends MemoryStore {
      override async create(): Promise<void> {
        // Claims to have written.
      }
    }
    await expect(publish({ repository: old, store: new LossyStore(), now })).rejects.toThrowToolkit('TUF_MISSING');
  });
});

describe('exclusively', () => {
  it('lets others wait, and releases the store when work fails', async () => {
    const order: string[] = [];
    const one = exclusively(store, async () => {
      order.push('one');
      await new Promise((resolve) => setImmediate(resolve));
      order.push('one done');
      throw new Error('work failed');
    });
    const two = exclusively(store, async () => order.push('two'));
    await expect(one).rejects.toThrow('work failed');
    await two;
    expect(order).toEqual(['one', 'one done', 'two']);
  });

  it('refuses when the other does not end in time', async () => {
    const lock = await store.tryLock();
    await expect(exclusively(store, async () => 1, { waitMs: 1 })).rejects.toThrowToolkit('CER_BUSY', {
      store: store.uri,
    });
    lock?.release();
    expect(await exclusively(store, async () => 1)).toBe(1);
  });

  it('accepts a store that has no lock', async () => {
    const { uri, read, create, replace } = store;
    expect(await exclusively({ uri, read, create, replace }, async () => 1)).toBe(1);
  });

  const failure = (code: ToolkitError['code'], data: Readonly<Record<string, string>>) =>
    new ToolkitError(code, { message: code, fault: 'input', data });
  it.each([
    failure('STORE_CHANGED', { path: 'timestamp.json' }),
    failure('STORE_EXISTS', { path: '7.snapshot.json' }),
    failure('CER_VERSION_REUSED', { role: 'timestamp' }),
    failure('CER_VERSION_BACKWARDS', { role: 'snapshot' }),
  ])('tells who was overtaken in a store without a lock by %s', async (error) => {
    const { uri, read, create, replace } = store;
    const work = exclusively({ uri, read, create, replace }, () => Promise.reject(error));
    await expect(work).rejects.toThrowToolkit('CER_BUSY');
  });

  it.each([
    failure('STORE_EXISTS', { path: '2.root.json' }),
    failure('STORE_EXISTS', { path: '7.targets.json' }),
    failure('CER_VERSION_REUSED', { role: 'root' }),
    failure('CER_VERSION_BACKWARDS', { role: 'targets' }),
    failure('TUF_THRESHOLD', { role: 'timestamp' }),
  ])('does not say that it helps to try again after %s', async (error) => {
    const { uri, read, create, replace } = store;
    const work = exclusively({ uri, read, create, replace }, () => Promise.reject(error));
    await expect(work).rejects.toBe(error);
  });
});
