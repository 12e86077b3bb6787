import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { followedStore } from '../../operate/followed-store.ts';
import type { Reached } from '../../src/core/moment.ts';
import { type DirectoryStore, directoryStore } from '../../src/store/directory-store.ts';

let store: DirectoryStore;
beforeEach(async () => {
  store = directoryStore(await mkdtemp(join(tmpdir(), 'sigstead-test-')));
});
afterEach(async () => await rm(store.directory, { recursive: true }));

describe('followedStore', () => {
  it('tells of each file once it is written, and of none that was refused', async () => {
    const told: string[] = [];
    const reached: Reached = (moment, what) => void told.push(`${moment} ${what}`);
    const followed = followedStore(store, reached);
    await followed.create('1.root.json', Uint8Array.of(1));
    await expect(followed.create('1.root.json', Uint8Array.of(2))).rejects.toThrowToolkit('STORE_EXISTS');
    await followed.replace('timestamp.json', Uint8Array.of(3));
    expect(told).toEqual(['repository-file-written 1.root.json', 'repository-file-written timestamp.json']);
    expect(await followed.read('timestamp.json', 10)).toEqual(await store.read('timestamp.json', 10));
  });

  it('is held where its store is held', async () => {
    const lock = await followedStore(store, () => undefined).tryLock();
    expect(await store.tryLock()).toBeUndefined();
    lock?.release();
  });
});
