import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { equalBytes } from '../../../src/core/bytes.ts';
import {
  createFile,
  makeDirectory,
  makePrivateDirectory,
  pathExists,
  privateFileMode,
  readFileCapped,
  readFileIfPresent,
  readSecretFile,
  removeFile,
  replaceFile,
} from '../../../src/core/files.ts';
import { makeFifo } from '../../../src/process/fifo.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  path = join(directory, 'file');
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

describe('createFile', () => {
  it('accepts a new file, and the same again', async () => {
    await createFile(path, 'text');
    await createFile(path, new TextEncoder().encode('text'));
    expect(await readFile(path, 'utf8')).toBe('text');
    expect(await readdir(directory)).toEqual(['file']);
  });

  it.each([
    ['other content', 'tExt'],
    ['a longer one', 'text and more'],
    ['a shorter one', 'tex'],
    ['an empty one', ''],
  ])('refuses %s, and overwrites nothing', async (_, other) => {
    await createFile(path, 'text');
    await expect(createFile(path, other)).rejects.toThrowToolkit('CORE_FILE_EXISTS', { path });
    expect(await readFile(path, 'utf8')).toBe('text');
    expect(await readdir(directory)).toEqual(['file']);
  });

  it('refuses a name that a pipe, a directory or a link to nowhere has', async () => {
    const [pipe, link, folder] = ['pipe', 'link', 'folder'].map((name) => join(directory, name));
    await makeFifo(pipe ?? '');
    await symlink(join(directory, 'nowhere'), link ?? '');
    await mkdir(folder ?? '');
    for (const taken of [pipe, link, folder]) {
      await expect(createFile(taken ?? '', '')).rejects.toThrowToolkit('CORE_FILE_EXISTS', { path: taken });
    }
    expect(await readdir(directory)).toEqual(['folder', 'link', 'pipe']);
  });

  it('gives a secret the mode of a secret from its first moment on', async () => {
    await createFile(path, 'text', { mode: privateFileMode });
    expect(await modeOf(path)).toBe(0o600);
  });

  it('refuses a directory that is not there, by name', async () => {
    const missing = join(directory, 'missing', 'file');
    await expect(createFile(missing, 'text')).rejects.toThrowToolkit('CORE_FILE_WRITE', { path: missing });
    const hint = expect.stringContaining(`ls -ld ${join(directory, 'missing')} ${missing}`);
    await expect(createFile(missing, 'text')).rejects.toMatchObject({ hint });
  });

  it('has one winner of many that write at once', async () => {
    const writers = Array.from({ length: 8 }, async (_, index) => await createFile(path, `writer ${index}`));
    const outcomes = await Promise.allSettled(writers);
    const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [`writer ${index}`] : []));
    expect(winners).toEqual([await readFile(path, 'utf8')]);
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('replaceFile', () => {
  it('accepts a new file and a replacement, with the mode it is told', async () => {
    await replaceFile(path, 'one');
    await replaceFile(path, 'two', { mode: privateFileMode });
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['two', 0o600]);
  });

  it('shows every reader the old bytes or the new ones', async () => {
    const contents = ['a', 'b'].map((letter) => letter.repeat(100_000));
    await replaceFile(path, contents[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 10; round += 1) await replaceFile(path, contents[round % 2] ?? '');
      writing = false;
    })();
    while (writing) expect(contents.includes(await readFile(path, 'utf8'))).toBe(true);
    await writer;
    expect(await readdir(directory)).toEqual(['file']);
  });

  it('refuses to replace a directory, and leaves nothing behind', async () => {
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'x');
    await expect(replaceFile(path, 'text')).rejects.toThrowToolkit('CORE_FILE_WRITE', { path });
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('readFileCapped', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 200_000])(
    'accepts %d bytes where as many are allowed, and refuses one more',
    async (size) => {
      const bytes = new Uint8Array(size).fill(7);
      await writeFile(path, bytes);
      expect(equalBytes(await readFileCapped(path, size), bytes)).toBe(true);
      if (size === 0) return;
      const maxBytes = size - 1;
      await expect(readFileCapped(path, maxBytes)).rejects.toThrowToolkit('CORE_TOO_LARGE', { path, maxBytes });
    },
  );

  it.each(['missing', 'file/below-a-file'])('refuses %s', async (name) => {
    await writeFile(path, 'text');
    await expect(readFileCapped(join(directory, name), 10)).rejects.toThrowToolkit('CORE_FILE_MISSING', {
      path: join(directory, name),
    });
  });

  it('says of a missing file what the system says only where that is more', async () => {
    await writeFile(path, 'text');
    await expect(readFileCapped(`${path}-other`, 10)).rejects.not.toHaveProperty('cause');
    await expect(readFileCapped(join(path, 'below'), 10)).rejects.toHaveProperty('cause.code', 'ENOTDIR');
  });

  it('refuses a directory, a device, and a pipe that nobody writes to', async () => {
    await makeFifo(path);
    for (const other of [directory, '/dev/zero', path]) {
      await expect(readFileCapped(other, 10)).rejects.toThrowToolkit('CORE_NOT_A_FILE', { path: other });
    }
  });

  it('accepts a pipe that the shell gave us', async () => {
    const files = join(import.meta.dirname, '../../../src/core/files.ts');
    const program = `import(${JSON.stringify(files)})
      .then(({ readFileCapped }) => readFileCapped(process.argv[1], 4))
      .then((bytes) => process.stdout.write(bytes))`;
    const line = '"$0" --input-type=module -e "$1" <(printf text)';
    expect(execFileSync('bash', ['-c', line, process.execPath, program], { encoding: 'utf8' })).toBe('text');
  });
});

describe('readFileIfPresent', () => {
  it('accepts that there is none, and nothing else', async () => {
    expect(await readFileIfPresent(path, 10)).toBeUndefined();
    await expect(readFileIfPresent(directory, 10)).rejects.toThrowToolkit('CORE_NOT_A_FILE');
    await writeFile(path, 'text');
    expect(await readFileIfPresent(path, 4)).toHaveLength(4);
    await expect(readFileIfPresent(path, 3)).rejects.toThrowToolkit('CORE_TOO_LARGE');
  });
});

describe('readSecretFile', () => {
  it.each([0o600, 0o400, 0o700])('accepts mode %o', async (mode) => {
    await writeFile(path, 'secret', { mode });
    expect(await readSecretFile(path)).toHaveLength(6);
  });

  it.each([0o640, 0o604, 0o610, 0o601, 0o620, 0o602, 0o644, 0o777])('refuses mode %o', async (mode) => {
    await writeFile(path, 'secret');
    await chmod(path, mode);
    await expect(readSecretFile(path)).rejects.toThrowToolkit('CORE_SECRET_MODE', {
      path,
      mode: `0${mode.toString(8)}`,
    });
  });

  it('refuses a secret above the cap, and one that is not there', async () => {
    await writeFile(path, 'x'.repeat(65_537), { mode: privateFileMode });
    await expect(readSecretFile(path)).rejects.toThrowToolkit('CORE_TOO_LARGE');
    await expect(readSecretFile(join(directory, 'missing'))).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });
});

describe('makePrivateDirectory', () => {
  it('makes one that only this user can enter, and leaves one that is there as it is', async () => {
    const deep = join(directory, 'a', 'b');
    await makePrivateDirectory(deep);
    expect(await modeOf(deep)).toBe(0o700);
    await chmod(deep, 0o755);
    await makePrivateDirectory(deep);
    expect(await modeOf(deep)).toBe(0o755);
  });

  it('refuses to make one where a file is', async () => {
    await writeFile(path, 'text');
    await expect(makePrivateDirectory(join(path, 'below'))).rejects.toThrowToolkit('CORE_FILE_WRITE');
  });
});

describe('makeDirectory', () => {
  it('makes a private one, and takes one that is there whoever can write to it', async () => {
    const deep = join(directory, 'a', 'b');
    await makeDirectory(deep);
    expect(await modeOf(deep)).toBe(0o700);
    await chmod(deep, 0o777);
    await makeDirectory(deep);
    expect(await modeOf(deep)).toBe(0o777);
    await writeFile(path, 'text');
    await expect(makeDirectory(join(path, 'below'))).rejects.toThrowToolkit('CORE_FILE_WRITE');
  });
});

describe('removeFile', () => {
  it('removes a file, and accepts that there is none', async () => {
    await createFile(path, 'x');
    await removeFile(path);
    await removeFile(path);
    expect(await pathExists(path)).toBe(false);
  });

  it('refuses to remove a directory', async () => {
    await expect(removeFile(directory)).rejects.toThrowToolkit('CORE_FILE_WRITE', { path: directory });
  });
});

describe('pathExists', () => {
  it('sees files, directories and links that lead nowhere', async () => {
    await symlink(join(directory, 'nowhere'), path);
    const seen = [directory, path, join(directory, 'missing'), join('/dev/null', 'below')].map(pathExists);
    expect(await Promise.all(seen)).toEqual([true, true, false, false]);
  });

  it('refuses to guess behind a link to itself', async () => {
    await symlink(path, path);
    const below = join(path, 'below');
    await expect(pathExists(below)).rejects.toThrowToolkit('CORE_FILE_READ', { path: below });
  });
});
