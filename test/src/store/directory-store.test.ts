import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { type DirectoryStore, directoryStore } from '../../../src/store/directory-store.ts';

let directory: string;
let store: DirectoryStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  store = directoryStore(join(directory, 'deep', 'tuf'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('DirectoryStore', () => {
  it('accepts a file and returns it; nothing exists before the first write', async () => {
    expect(await store.read('a/b.json', 10)).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
    await store.create('a/b.json', utf8('one'));
    expect(await store.read('a/b.json', 10)).toEqual(utf8('one'));
    expect(await readFile(join(directory, 'deep/tuf/a/b.json'), 'utf8')).toBe('one');
    expect((await stat(join(directory, 'deep/tuf/a/b.json'))).mode & 0o777).toBe(0o644);
    expect(store.uri).toBe(`file:${directory}/deep/tuf`);
  });

  it('refuses to create over other content, and accepts the same again', async () => {
    await store.create('a.json', utf8('one'));
    await store.create('a.json', utf8('one'));
    await expect(store.create('a.json', utf8('two'))).rejects.toThrowToolkit('STORE_EXISTS', { path: 'a.json' });
    expect(await store.read('a.json', 10)).toEqual(utf8('one'));
  });

  it('replaces, and leaves no other file behind', async () => {
    await store.replace('timestamp.json', utf8('one'));
    await store.replace('timestamp.json', utf8('two'));
    expect(await store.read('timestamp.json', 10)).toEqual(utf8('two'));
    expect(await readdir(join(directory, 'deep/tuf'))).toEqual(['timestamp.json']);
  });

  it('refuses a file above the cap', async () => {
    await store.create('a.json', utf8('12345'));
    expect(await store.read('a.json', 5)).toHaveLength(5);
    await expect(store.read('a.json', 4)).rejects.toThrowToolkit('CORE_TOO_LARGE');
  });

  it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', '.lock', 'a\\b', 'a\0b', 'a b', 'a/'])(
    'refuses the path %p',
    async (path) => {
      await expect(store.read(path, 10)).rejects.toThrowToolkit('STORE_PATH');
      await expect(store.create(path, utf8('x'))).rejects.toThrowToolkit('STORE_PATH');
      await expect(store.replace(path, utf8('x'))).rejects.toThrowToolkit('STORE_PATH');
    },
  );

  it('refuses a directory that cannot be', async () => {
    await store.create('a', utf8('a file'));
    await expect(store.create('a/b', utf8('x'))).rejects.toThrowToolkit('STORE_UNWRITABLE');
    expect(await store.read('a/b', 10)).toBeUndefined();
  });

  it('clears away what a killed writer left, once it is held', async () => {
    await store.create('targets/a.json', utf8('a'));
    await writeFile(join(store.directory, 'targets', '.b.json.0123456789abcdef.tmp'), 'half');
    const lock = await store.tryLock();
    expect(await readdir(join(store.directory, 'targets'))).toEqual(['a.json']);
    lock?.release();
  });

  it('is held by one at a time', async () => {
    const lock = await store.tryLock();
    expect(await directoryStore(store.directory).tryLock()).toBeUndefined();
    lock?.release();
    const again = await directoryStore(store.directory).tryLock();
    expect(again).toBeDefined();
    again?.release();
  });
});
