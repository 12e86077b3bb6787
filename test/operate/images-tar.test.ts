import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readTarball } from '../../ceremony/import/tarball.ts';
import { readForeignTar } from '../../operate/images/foreign-tar.ts';
import { rootFiles } from '../../operate/images/root-files.ts';
import { type TarFile, writeTar } from '../../operate/images/tar.ts';
import { utf8 } from '../../src/core/bytes.ts';

const file = (path: string, text: string, mode = 0o444): TarFile => ({ path, bytes: utf8(text), mode });
const files = [file('bin/server', 'x'.repeat(513), 0o555), file('entry', '', 0o555), file('etc/ssl/a.crt', 'pem\n')];

describe('writeTar', () => {
  it('is read by a reader of archives that others made', () => {
    const read = readTarball(new Uint8Array(gzipSync(writeTar(files))), 'layer');
    expect([...read].map(([path, bytes]) => [path, bytes.length])).toEqual([
      ['bin/server', 513],
      ['entry', 0],
      ['etc/ssl/a.crt', 4],
    ]);
  });

  it('makes the same bytes in whatever order the files come, and other bytes of other files', () => {
    const archive = writeTar(files);
    expect(writeTar(files.toReversed())).toEqual(archive);
    expect(writeTar([...files.slice(1), file('bin/server', 'x'.repeat(513), 0o444)])).not.toEqual(archive);
  });

  it('puts each directory once, before what is in it', () => {
    expect(readForeignTar(writeTar(files))?.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      ...['directory bin', 'file bin/server', 'file entry', 'directory etc', 'directory etc/ssl', 'file etc/ssl/a.crt'],
    ]);
  });

  it('says nothing of who made it, and when', () => {
    const header = writeTar([file('entry', 'x', 0o555)]).subarray(0, 512);
    const text = (from: number, to: number) => Buffer.from(header.subarray(from, to)).toString('latin1');
    expect(text(100, 148)).toBe(['0000555', '0000000', '0000000', '00000000001', '00000000000', ''].join('\0'));
    expect(text(257, 512).replaceAll('\0', '')).toBe('ustar00');
  });

  it.each([0, 1, 511, 512, 513])('gives back a file of %d bytes', (size) => {
    const bytes = new Uint8Array(size).fill(7);
    const archive = writeTar([{ path: 'a', bytes, mode: 0o444 }]);
    expect(archive.length % 512).toBe(0);
    expect(readForeignTar(archive)).toEqual([expect.objectContaining({ path: 'a', kind: 'file', bytes })]);
  });

  it.each(['/etc/passwd', 'a'.repeat(101), 'ä', 'a b', '', 'a\n'])('refuses the path %j', (path) => {
    expect(() => writeTar([file(path, '')])).toThrowToolkit('OPS_IMAGE_BUILD');
  });
});

describe('rootFiles', () => {
  it('gives an image its programs, roots, an account without a shell, and nothing that can be written to', () => {
    const given = rootFiles(new Map([['bin/fulcio', utf8('elf')]]), { certificates: 'pem', license: utf8('text') });
    expect(given.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      '555 bin/fulcio',
      '444 etc/ssl/certs/ca-certificates.crt',
      '444 etc/passwd',
      '444 etc/group',
      '444 LICENSE',
    ]);
    const passwd = given.find(({ path }) => path === 'etc/passwd');
    expect(Buffer.from(passwd?.bytes ?? []).toString()).toBe('nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n');
  });
});
