import { constants } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pathExists } from '../../../src/core/files.ts';
import { makeFifo, serveFifo } from '../../../src/process/fifo.ts';
import { runProgram } from '../../../src/process/run-program.ts';

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
