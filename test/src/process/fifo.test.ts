import { constants } from 'node:fs';
import { chmod, chown, lstat, mkdtemp, open, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pathExists } from '../../../src/core/files.ts';
import { makeFifo, serveFifo } from '../../../src/process/fifo.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { asRoot, rootSkipped, stranger } from '../../support/stranger.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fifo-'));
  path = join(directory, 'key.pipe');
});
afterEach(async () => await rm(directory, { recursive: true }));

async function cat(): Promise<string> {
  return (await runProgram({ file: '/bin/cat', args: [path], timeoutMs: 5_000 })).stdout;
}

describe('makeFifo', () => {
  it('makes a pipe that only this user can open', async () => {
    await makeFifo(path);
    const stats = await stat(path);
    expect(stats.isFIFO()).toBe(true);
    expect(stats.mode & 0o777).toBe(0o600);
  });

  it('replaces the pipe of an interrupted run', async () => {
    await makeFifo(path);
    await makeFifo(path);
    expect((await stat(path)).isFIFO()).toBe(true);
  });

  it('refuses to replace anything else', async () => {
    await writeFile(path, 'precious');
    await expect(makeFifo(path)).rejects.toThrowToolkit('PROC_FIFO', { path });
    expect(await readFile(path, 'utf8')).toBe('precious');
  });
});

describe('serveFifo', () => {
  it.each([0, 1, 512, 16_384])('hands %i bytes to the first reader and removes the pipe', async (length) => {
    const content = 'k'.repeat(length);
    await makeFifo(path);
    const [read] = await Promise.all([cat(), serveFifo(path, content, { timeoutMs: 5_000 })]);
    expect(read).toBe(content);
    expect(await pathExists(path)).toBe(false);
  });

  it('waits for a reader without holding a file thread', async () => {
    await makeFifo(path);
    const serving = serveFifo(path, 'key', { timeoutMs: 5_000 });
    const others = Array.from({ length: 8 }, async () => await readFile('/dev/null'));
    await Promise.all(others);
    expect(await cat()).toBe('key');
    await serving;
  });

  it('refuses to wait for ever', async () => {
    await makeFifo(path);
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toThrowToolkit('CORE_TIMEOUT');
    expect(await pathExists(path)).toBe(false);
  });

  it('ends with the reason of its signal', async () => {
    await makeFifo(path);
    const stop = new AbortController();
    const serving = serveFifo(path, 'key', { timeoutMs: 5_000, signal: stop.signal });
    stop.abort(new Error('interrupted'));
    await expect(serving).rejects.toThrow('interrupted');
    expect(await pathExists(path)).toBe(false);
  });

  it('refuses more than a pipe takes in one go', async () => {
    await makeFifo(path);
    await expect(serveFifo(path, 'k'.repeat(16_385), { timeoutMs: 50 })).rejects.toThrowToolkit('PROC_FIFO', { path });
  });

  it('refuses to write into a plain file, and leaves it', async () => {
    await writeFile(path, 'precious');
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toThrowToolkit('PROC_FIFO', { path });
    expect(await readFile(path, 'utf8')).toBe('precious');
  });

  it('refuses when the pipe is gone', async () => {
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toThrowToolkit('PROC_FIFO', { path });
  });

  it('gives its content once', async () => {
    await makeFifo(path);
    const early = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await serveFifo(path, 'key', { timeoutMs: 5_000 });
    expect((await early.readFile()).toString()).toBe('key');
    await early.close();
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toThrowToolkit('PROC_FIFO');
  });
});

describe('serveFifo, where somebody else is at work', () => {
  const evidence = { code: 'PROC_FIFO', fault: 'evidence' };

  it('refuses a pipe that others can open', async () => {
    await makeFifo(path);
    await chmod(path, 0o644);
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toMatchObject(evidence);
  });

  it('refuses a link to a pipe', async () => {
    await makeFifo(join(directory, 'other'));
    await symlink(join(directory, 'other'), path);
    await expect(serveFifo(path, 'key', { timeoutMs: 50 })).rejects.toMatchObject(evidence);
  });

  it.each(['pipe', 'link', 'file'] as const)('hands nothing to a %s that takes its place', async (kind) => {
    const other = join(directory, 'other');
    await makeFifo(path);
    await makeFifo(other);
    const listening = await open(other, constants.O_RDONLY | constants.O_NONBLOCK);
    const replacement = kind === 'pipe' ? other : join(directory, 'replacement');
    if (kind === 'link') await symlink(other, replacement);
    if (kind === 'file') await writeFile(replacement, '');
    const kept = kind === 'file' ? await open(replacement) : listening;
    const serving = serveFifo(path, 'key', { timeoutMs: 5_000 }).catch((error: unknown) => error);
    // It has looked at its own pipe by now, and waits for a reader of that.
    await lstat(path);
    await rename(replacement, path);
    expect(await serving).toMatchObject(evidence);
    expect((await kept.readFile()).toString()).toBe('');
    for (const handle of new Set([kept, listening])) await handle.close();
  });
});

asRoot(`serveFifo, as root${rootSkipped}`, () => {
  it('refuses the pipe of another user', async () => {
    await makeFifo(path);
    await chown(path, stranger, stranger);
    const refused = serveFifo(path, 'key', { timeoutMs: 50 });
    await expect(refused).rejects.toMatchObject({ code: 'PROC_FIFO', fault: 'evidence' });
  });
});
