import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseBaseReference } from '../../operate/images/base-image.ts';
import { parseElf } from '../../operate/images/elf.ts';
import { FileTree, type TreeEntry } from '../../operate/images/file-tree.ts';
import { readForeignTar } from '../../operate/images/foreign-tar.ts';
import { writeTar } from '../../operate/images/tar.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { temporaryDirectory } from '../support/instance.ts';

const scratch = await temporaryDirectory();
afterAll(async () => await scratch[Symbol.asyncDispose]());

const digest = `sha256:${'0'.repeat(64)}`;
const textOf = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString() : undefined);

describe('parseBaseReference', () => {
  it.each([`registry.example.com/debian@${digest}`, `127.0.0.1:5000/a/b-c@${digest}`, `localhost/x@${digest}`])(
    'accepts %s',
    (reference) => expect(parseBaseReference(reference)).toBe(reference),
  );

  it.each([
    ...['debian', 'registry.example.com/debian:12', `debian@${digest}`, `registry.example.com/debian:12@${digest}`],
    ...[`registry.example.com/../x@${digest}`, `registry.example.com/x@${digest}0`, `--insecure=x/y@${digest}`],
    ...[`https://registry.example.com/x@${digest}`, `registry.example.com/${'a/'.repeat(300)}x@${digest}`],
  ])('refuses %s', (reference) => expect(() => parseBaseReference(reference)).toThrowToolkit('CLI_USAGE'));
});

describe('readForeignTar', () => {
  it.each(['ustar', 'gnu', 'pax'])('reads what tar writes in the format %s', async (format) => {
    const root = join(scratch.path, format);
    const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
    await mkdir(join(root, long), { recursive: true });
    await writeFile(join(root, long, 'file'), 'content');
    await symlink(`${'d'.repeat(90)}/file`, join(root, 'link'));
    const archive = join(scratch.path, `${format}.tar`);
    execFileSync('tar', ['-cf', archive, `--format=${format}`, '-C', root, '.']);
    const entries = readForeignTar(await readFile(archive)) ?? [];
    const summary = entries.map(({ path, kind, target, bytes }) => [path, kind, target, textOf(bytes)]);
    expect(summary).toContainEqual([`${long}/file`, 'file', '', 'content']);
    expect(summary).toContainEqual(['link', 'symlink', `${'d'.repeat(90)}/file`, '']);
  });

  const good = writeTar([{ path: 'a/b', bytes: utf8('content'), mode: 0o444 }]);
  it('reads ours', () => {
    expect(readForeignTar(good)?.map(({ path, kind }) => [path, kind])).toEqual([
      ['a', 'directory'],
      ['a/b', 'file'],
    ]);
  });

  it('refuses what is none, is cut off, or was changed', () => {
    for (const length of [0, 100, 512, 1_024, 1_200]) expect(readForeignTar(good.subarray(0, length))).toBeUndefined();
    for (const offset of [0, 130, 150]) {
      const changed = good.slice();
      changed[offset] = 0x7a;
      expect(readForeignTar(changed)).toBeUndefined();
    }
  });

  it('refuses a path that leads out of it', async () => {
    await mkdir(join(scratch.path, 'inner'));
    await writeFile(join(scratch.path, 'outside'), '');
    const archive = join(scratch.path, 'out.tar');
    execFileSync('tar', ['-cf', archive, '-P', '-C', join(scratch.path, 'inner'), '../outside']);
    expect(readForeignTar(await readFile(archive))).toBeUndefined();
  });
});

describe('FileTree', () => {
  const file = (path: string, text = path): TreeEntry => ({ path, kind: 'file', target: '', bytes: utf8(text) });
  const link = (path: string, target: string): TreeEntry => ({ path, kind: 'symlink', target, bytes: utf8('') });
  const treeOf = (...layers: readonly (readonly TreeEntry[])[]) => {
    const tree = new FileTree();
    for (const layer of layers) tree.addLayer(layer);
    return (path: string) => textOf(tree.file(path));
  };

  it('finds files through links, of directories too', () => {
    const at = treeOf([
      link('lib64', 'usr/lib64'),
      link('usr/lib64/ld.so', '../lib/x/ld.so.2'),
      file('usr/lib/x/ld.so.2'),
    ]);
    expect(at('/lib64/ld.so')).toBe('usr/lib/x/ld.so.2');
    expect(treeOf([link('a', '/b'), file('b/c')])('/a/c')).toBe('b/c');
    expect(treeOf([file('a'), { ...file('b'), kind: 'hardlink', target: 'a' }])('/b')).toBe('a');
  });

  it('ends where links lead in a circle, or out of it', () => {
    const at = treeOf([link('a', 'b'), link('b', 'a'), link('c', '../../../d'), file('d')]);
    expect(at('/a')).toBeUndefined();
    expect(at('/c')).toBe('d');
  });

  it('has what the topmost layer has, and nothing that it took away', () => {
    const lower = [file('a/b', 'old'), file('a/c'), file('d/e'), file('f')];
    const upper = [file('a/b', 'new'), file('a/.wh.c'), file('d/.wh..wh..opq'), file('d/g')];
    const at = treeOf(lower, upper);
    expect(['/a/b', '/a/c', '/d/e', '/d/g', '/f'].map(at)).toEqual(['new', undefined, undefined, 'd/g', 'f']);
  });
});

describe('parseElf', () => {
  it('tells what a program of this machine is linked to, and what its C library has', async () => {
    const node = await readFile(process.execPath);
    const elf = parseElf(node);
    expect(elf?.interpreter).toMatch(/^\/lib64\/ld-linux/);
    expect(elf?.needed).toContain('libc.so.6');
    expect(elf?.versions.get('libc.so.6')).toEqual(expect.arrayContaining([expect.stringMatching(/^GLIBC_2\.\d+$/)]));
    const libc = parseElf(await readFile('/lib/x86_64-linux-gnu/libc.so.6'));
    for (const version of elf?.versions.get('libc.so.6') ?? []) expect(libc?.provided).toContain(version);
  });

  it('refuses what is none, and survives one that was cut off or filled with nonsense', async () => {
    expect(parseElf(utf8('#!/bin/sh\n'))).toBeUndefined();
    const libc = await readFile('/lib/x86_64-linux-gnu/libc.so.6');
    for (const length of [0, 4, 20, 64, 600, 4_096]) expect(parseElf(libc.subarray(0, length))).toBeUndefined();
    for (let seed = 1; seed <= 64; seed += 1) {
      const changed = Uint8Array.from(libc.subarray(0, 65_536));
      for (let index = 24; index < 2_048; index += 7) changed[index] = (seed * 31 + index * 17) & 0xff;
      expect(() => parseElf(changed)).not.toThrow();
    }
  });
});
