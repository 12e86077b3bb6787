import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findProgram, requireProgram } from '../../../src/process/find-program.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'find-program-'));
});
afterEach(async () => await rm(directory, { recursive: true }));

async function program(folder: string, name: string, mode = 0o755): Promise<string> {
  await mkdir(join(directory, folder), { recursive: true });
  const path = join(directory, folder, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, mode);
  return path;
}

describe('findProgram', () => {
  it('returns the first executable file on the path', async () => {
    await program('first', 'tool', 0o644);
    await mkdir(join(directory, 'second', 'tool'), { recursive: true });
    const tool = await program('third', 'tool');
    await program('fourth', 'tool');
    const path = ['absent', 'first', 'second', 'third', 'fourth'].map((folder) => join(directory, folder)).join(':');
    expect(await findProgram('tool', path)).toBe(tool);
  });

  it('accepts an absolute path', async () => {
    const tool = await program('bin', 'tool');
    expect(await findProgram(tool, '')).toBe(tool);
  });

  it.each(['', '.', ':.', 'test'])('refuses to look into the current directory for PATH %j', async (path) => {
    expect(await findProgram('package.json', path)).toBeUndefined();
  });

  it.each(['', '../bin/sh', 'bin/sh'])('refuses the name %j', async (name) => {
    expect(await findProgram(name, '/bin:/')).toBeUndefined();
  });
});

describe('requireProgram', () => {
  it('refuses a program that is not there, by name', async () => {
    await expect(requireProgram('no-such-tool', '/bin')).rejects.toThrowToolkit('PROC_NOT_FOUND', {
      program: 'no-such-tool',
    });
  });

  it('refuses an absolute path that cannot be executed', async () => {
    const file = await program('bin', 'tool', 0o644);
    await expect(requireProgram(file, '/bin')).rejects.toThrowToolkit('PROC_NOT_FOUND', { program: file });
  });
});
