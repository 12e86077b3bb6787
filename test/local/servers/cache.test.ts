import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { assertOwnCache, assertOwnPrograms, cacheDirectory } from '../../../local/servers/cache.ts';
import { ensureServers } from '../../../local/servers.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { asRoot, rootSkipped, stranger } from '../../support/stranger.ts';

let shared: string;
let env: NodeJS.ProcessEnv;
let cache: string;
let moduleDirectory: string;
beforeEach(async () => {
  shared = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  moduleDirectory = join(shared, 'module');
  await mkdir(moduleDirectory);
  await writeFile(join(moduleDirectory, 'go.mod'), 'module example.test/servers\n');
  env = { PATH: '/nowhere', HOME: shared, XDG_CACHE_HOME: shared };
  cache = await cacheDirectory(moduleDirectory, env);
  await mkdir(cache, { recursive: true, mode: 0o755 });
  await writeFile(join(cache, 'rekor'), '#!/bin/sh\n', { mode: 0o755 });
});
afterEach(async () => await rm(shared, { recursive: true, force: true }));

const ensure = () => ensureServers(['rekor'], { env, progress: silentProgress, moduleDirectory });
const parts = ['sigstead', 'servers', 'the hash'] as const;
const pathOf = (part: (typeof parts)[number]) =>
  ({ sigstead: dirname(dirname(cache)), servers: dirname(cache), 'the hash': cache })[part];

describe('ensureServers, from a cache', () => {
  it('accepts one of ours, below a directory that everybody can write to', async () => {
    await chmod(shared, 0o1777);
    expect([...(await ensure())]).toEqual([['rekor', join(cache, 'rekor')]]);
  });

  it.each(parts)('refuses one in which others can write to %s', async (part) => {
    await chmod(pathOf(part), 0o777);
    const refused = ensure();
    await expect(refused).rejects.toThrowToolkit('CORE_OWNER', { path: pathOf(part), mode: '0777' });
    await expect(refused).rejects.toHaveProperty('hint', expect.stringContaining('XDG_CACHE_HOME'));
  });

  it.each(parts)('refuses one in which %s is a link', async (part) => {
    const aside = join(shared, 'aside');
    await rename(pathOf(part), aside);
    await symlink(aside, pathOf(part));
    await expect(ensure()).rejects.toThrowToolkit('CORE_OWNER', { path: pathOf(part) });
  });

  it('refuses a program that others can write to, and a link to one', async () => {
    const path = join(cache, 'rekor');
    await chmod(path, 0o775);
    await expect(ensure()).rejects.toThrowToolkit('CORE_OWNER', { path, mode: '0775' });
    await rm(path);
    await symlink('/bin/sh', path);
    await expect(ensure()).rejects.toThrowToolkit('CORE_OWNER', { path });
  });

  it('lets SIGSTEAD_SERVERS name any directory', async () => {
    await chmod(cache, 0o777);
    env = { ...env, SIGSTEAD_SERVERS: cache };
    expect((await ensure()).get('rekor')).toBe(join(cache, 'rekor'));
  });
});

describe('assertOwnCache', () => {
  it('accepts one that is not there yet', async () => {
    await rm(pathOf('servers'), { recursive: true });
    await expect(assertOwnCache(cache)).resolves.toBeUndefined();
  });
});

describe('assertOwnPrograms', () => {
  it('refuses one that is not there', async () => {
    await expect(assertOwnPrograms(cache, ['fulcio'])).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });
});

asRoot(`ensureServers, from a cache of another user${rootSkipped}`, () => {
  it.each(parts)('refuses one in which %s is theirs', async (part) => {
    await chown(pathOf(part), stranger, stranger);
    await expect(ensure()).rejects.toThrowToolkit('CORE_OWNER', { path: pathOf(part), uid: stranger });
  });

  it('refuses a program that is theirs', async () => {
    await chown(join(cache, 'rekor'), stranger, stranger);
    await expect(ensure()).rejects.toThrowToolkit('CORE_OWNER', { path: join(cache, 'rekor'), uid: stranger });
  });
});
