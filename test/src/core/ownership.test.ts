import { chmod, chown, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makePrivateDirectory, readSecretFile } from '../../../src/core/files.ts';
import { assertOwnDirectory, assertOwner, assertOwnFile, hasOwnDirectory, isOwn } from '../../../src/core/ownership.ts';
import { asRoot, rootSkipped, stranger } from '../../support/stranger.ts';

let directory: string;
let path: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  path = join(directory, 'own');
  file = join(directory, 'file');
  await mkdir(path);
  await writeFile(file, 'text', { mode: 0o600 });
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

describe('assertOwnDirectory', () => {
  it.each([0o700, 0o750, 0o755, 0o500])('accepts mode %o', async (mode) => {
    await chmod(path, mode);
    await expect(assertOwnDirectory(path)).resolves.toBeUndefined();
  });

  it.each([0o777, 0o1777, 0o770, 0o720, 0o702])('refuses mode %o: others can write', async (mode) => {
    await chmod(path, mode);
    const refused = assertOwnDirectory(path);
    await expect(refused).rejects.toThrowToolkit('CORE_OWNER', { path, mode: `0${mode.toString(8)}` });
    await expect(refused).rejects.toMatchObject({
      fault: 'input',
      hint: expect.stringContaining(`chmod go-w ${path}`),
    });
  });

  it('refuses a link, whatever it leads to, and a file', async () => {
    await symlink(path, join(directory, 'link'));
    await expect(assertOwnDirectory(join(directory, 'link'))).rejects.toThrowToolkit('CORE_OWNER');
    await expect(assertOwnDirectory(file)).rejects.toThrowToolkit('CORE_OWNER', { path: file });
  });

  it('refuses what is not there, and what cannot be looked at', async () => {
    const missing = assertOwnDirectory(join(file, 'below'));
    await expect(missing).rejects.toThrowToolkit('CORE_FILE_MISSING', { path: join(file, 'below') });
    await expect(assertOwnDirectory(join(directory, 'x'.repeat(300)))).rejects.toThrowToolkit('CORE_FILE_READ');
  });

  it('gives the hint that it is told', async () => {
    await chmod(path, 0o777);
    await expect(assertOwnDirectory(path, 'look')).rejects.toHaveProperty('hint', 'look');
  });
});

describe('hasOwnDirectory', () => {
  it('tells one that is there from one that is not, and refuses one that others can write to', async () => {
    expect(await hasOwnDirectory(path)).toBe(true);
    expect(await hasOwnDirectory(join(path, 'missing'))).toBe(false);
    await chmod(path, 0o777);
    await expect(hasOwnDirectory(path)).rejects.toThrowToolkit('CORE_OWNER');
  });
});

describe('assertOwnFile', () => {
  it('accepts a file of ours, and refuses one that others can write to, a link and a directory', async () => {
    await assertOwnFile(file);
    await symlink(file, join(directory, 'link'));
    await expect(assertOwnFile(join(directory, 'link'))).rejects.toThrowToolkit('CORE_OWNER');
    await expect(assertOwnFile(path)).rejects.toThrowToolkit('CORE_OWNER', { path });
    await chmod(file, 0o620);
    await expect(assertOwnFile(file)).rejects.toThrowToolkit('CORE_OWNER', { mode: '0620' });
  });
});

describe('makePrivateDirectory', () => {
  it('refuses one that is there and that others can write to', async () => {
    await chmod(path, 0o777);
    await expect(makePrivateDirectory(path)).rejects.toThrowToolkit('CORE_OWNER', { path });
  });

  it('refuses a link to a directory', async () => {
    await symlink(path, join(directory, 'link'));
    await expect(makePrivateDirectory(join(directory, 'link'))).rejects.toThrowToolkit('CORE_OWNER');
  });
});

asRoot(`what another user owns${rootSkipped}`, () => {
  beforeEach(async () => {
    for (const one of [path, file]) await chown(one, stranger, stranger);
  });

  it('is refused: a directory, a file, a directory to work in', async () => {
    const refused = { uid: stranger };
    await expect(assertOwnDirectory(path)).rejects.toThrowToolkit('CORE_OWNER', { path, ...refused });
    await expect(hasOwnDirectory(path)).rejects.toThrowToolkit('CORE_OWNER', refused);
    await expect(assertOwnFile(file)).rejects.toThrowToolkit('CORE_OWNER', { path: file, ...refused });
    await expect(makePrivateDirectory(path)).rejects.toThrowToolkit('CORE_OWNER', { path, ...refused });
  });

  it('is refused as a secret, whatever its mode', async () => {
    await expect(readSecretFile(file)).rejects.toThrowToolkit('CORE_OWNER', { path: file, uid: stranger });
    await chown(file, process.geteuid?.() ?? 0, 0);
    expect(await readSecretFile(file)).toHaveLength(4);
  });

  it('is told from our own', async () => {
    const status = await lstat(file);
    expect([isOwn(status), isOwn(await lstat(directory))]).toEqual([false, true]);
    expect(() => assertOwner(file, status)).toThrowToolkit('CORE_OWNER', { path: file, uid: stranger });
  });
});
