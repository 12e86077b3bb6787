import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findProgram } from '../../src/process/find-program.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { projectDirectory, temporaryDirectory } from '../support/instance.ts';

const shim = join(projectDirectory, 'bin', 'sigstead');

/** What every machine has, and no Node. */
const systemTools = ['sh', 'dirname', 'readlink', 'uname'];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => await directory[Symbol.asyncDispose]());

describe('bin/sigstead', () => {
  it('accepts being called through links, absolute and relative ones', async () => {
    const [absolute, relative] = [join(directory.path, 'absolute'), join(directory.path, 'relative')];
    await symlink(shim, absolute);
    await symlink('absolute', relative);
    const ran = await run(relative, process.env['PATH'] ?? '', ['--version']);
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^sigstead \d+\.\d+\.\d+\n$/) });
  });

  it('accepts the Node of the host where none was installed beside it, and hands arguments through', async () => {
    const copy = await copyShim();
    await mkdir(join(directory.path, 'node_modules'));
    const path = await hostWith('v24.1.0');
    const ran = await run(copy, path, ['trust', 'lint', 'a b']);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: `ran ${join(directory.path, 'bin')}/sigstead.ts trust lint a b\n`,
    });
  });

  it('refuses an old Node of the host, and says which it found', async () => {
    const ran = await run(await copyShim(), await hostWith('v18.20.4'), ['up']);
    expect(ran).toMatchObject({
      exitCode: 5,
      stdout: '',
      stderr: expect.stringContaining('sigstead: error: node: expected version 24 or later, got v18.20.4\n'),
    });
    expect(ran.stderr).toMatch(/^sigstead: hint: (run: npm ci|install Node\.js 24 or later)$/m);
  });

  it('refuses a host without Node', async () => {
    const ran = await run(await copyShim(), await hostWith(undefined), ['up']);
    expect(ran).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('node: not found') });
    expect(ran.stderr).toContain('sigstead: hint: install Node.js 24');
  });

  it('refuses a checkout in which npm ci never ran', async () => {
    const ran = await run(await copyShim(), await hostWith('v24.1.0'), ['up']);
    expect(ran).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('node_modules: no such directory') });
    expect(ran.stderr).toContain('sigstead: hint: run: npm ci\n');
  });
});

async function run(file: string, path: string, args: readonly string[]): Promise<ProgramResult> {
  return await runProgram({ file, args, env: { PATH: path }, timeoutMs: 20_000 });
}

/** Puts the shim into a checkout that has nothing else. */
async function copyShim(): Promise<string> {
  const bin = join(directory.path, 'bin');
  await mkdir(bin);
  await copyFile(shim, join(bin, 'sigstead'));
  return join(bin, 'sigstead');
}

/** Makes a directory for PATH with the tools that every machine has and a Node that says it is this version. */
async function hostWith(version: string | undefined): Promise<string> {
  const host = join(directory.path, 'host');
  await mkdir(host);
  for (const name of systemTools) {
    await symlink((await findProgram(name, '/usr/bin:/bin')) ?? name, join(host, name));
  }
  if (version === undefined) return host;
  const major = version.slice(1).split('.')[0];
  const lines = ['#!/bin/sh', `case $1 in --version) echo ${version} ;; -p) echo ${major} ;; *) echo "ran $*" ;; esac`];
  await writeFile(join(host, 'node'), `${lines.join('\n')}\n`);
  await chmod(join(host, 'node'), 0o755);
  return host;
}
