import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readTarball } from '../../../ceremony/import/tarball.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { type TarEntry, tarGz, tarOf } from '../../support/tar-maker.ts';

const read = (...entries: readonly TarEntry[]) => readTarball(tarGz(entries), 'a.tar.gz');
const file = { path: 'a/b.json', body: '{}' };

describe('readTarball', () => {
  it('accepts files and directories, and takes nothing from headers that only say when and who', () => {
    const files = read(
      { path: 'pax_global_header', type: 'g', body: '52 comment=0123456789012345678901234567890123456789\n' },
      { path: './', type: '5' },
      { path: './a/', type: '5' },
      { path: 'x', type: 'x', body: '30 mtime=1700000000.123456789\n' },
      { path: './a/b.json', body: '{}' },
      { path: 'c', body: 'x'.repeat(512) },
      { path: 'd.pem', edit: (header) => header.write('long/prefix', 345) },
    );
    expect([...files.keys()]).toEqual(['a/b.json', 'c', 'long/prefix/d.pem']);
    expect(files.get('a/b.json')).toEqual(utf8('{}'));
  });

  it('accepts a path of more than 100 characters, as pax and GNU write it', () => {
    const long = `targets/${'0'.repeat(128)}.rekor.pub`;
    const record = ` path=é/${long}\n`;
    const pax = `${utf8(record).length + 3}${record}`;
    const files = read(
      { path: 'x', type: 'x', body: `30 mtime=1700000000.123456789\n${pax}` },
      { path: 'cut/off', body: 'pax' },
      { path: '././@LongLink', type: 'L', body: `${long}\0` },
      { path: 'cut/off', body: 'gnu' },
      { path: 'short', body: 'ustar' },
    );
    expect([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
      [`é/${long}`, 'pax'],
      [long, 'gnu'],
      ['short', 'ustar'],
    ]);
  });

  const path = { path: 'x', type: 'x', body: '12 path=a/b\n' };
  it.each<readonly [string, readonly TarEntry[]]>([
    ['a long path of no entry', [file, path]],
    ['two long paths of one entry', [path, { path: '././@LongLink', type: 'L', body: 'a\0' }, file]],
    ['two paths in one header', [{ ...path, body: '12 path=a/b\n12 path=a/c\n' }, file]],
    ['a path for all entries', [{ ...path, type: 'g' }, file]],
    ['a long path that climbs', [{ ...path, body: '15 path=a/../b\n' }, file]],
    ['a long path with a zero byte', [{ path: '././@LongLink', type: 'L', body: 'a\0b\0' }, file]],
    ['a long path without its end', [{ path: '././@LongLink', type: 'L', body: 'a' }, file]],
    ['a record longer than its header', [{ ...path, body: '19 path=a/b\n' }, file]],
    ['an extended size', [{ ...path, body: '10 size=9\n' }, file]],
    ['a symbolic link', [{ path: 'a', type: '2', edit: (header) => header.write('/etc/passwd', 157) }]],
    ['a hard link', [{ path: 'a', type: '1' }]],
    ['a device', [{ path: 'a', type: '3' }]],
    ['a path that climbs', [{ path: 'a/../../b' }]],
    ['a directory that climbs', [{ path: '../a/', type: '5' }]],
    ['an absolute path', [{ path: '/etc/passwd' }]],
    ['a path with a backslash', [{ path: 'a\\b' }]],
    ['no path', [{ path: '' }]],
    ['a path twice', [file, { ...file, path: `./${file.path}` }]],
    ['a record without an end', [{ path: 'x', type: 'x', body: '0 mtime=1\n' }]],
    ['records without end', [{ path: 'x', type: 'x', body: '7 uid=\n'.repeat(1000) }]],
    ['another format', [{ ...file, edit: (header) => header.write('tar??', 257) }]],
    ['a damaged header', [{ ...file, damage: (header) => header.write('x', 0) }]],
    ['a size in binary', [{ ...file, edit: (header) => header.writeUInt8(0x80, 124) }]],
    ['a size below nothing', [{ ...file, edit: (header) => header.write('-0000000001\0', 124) }]],
    ['a file that is cut off', [{ ...file, edit: (header) => header.write('00000077777\0', 124) }]],
  ])('refuses %s', (_, entries) => {
    expect(() => read(...entries)).toThrowToolkit('CER_IMPORT_TARBALL', { what: 'a.tar.gz' });
  });

  it.each([
    ['what is no gzip', utf8('hello')],
    ['an archive without an end', gzipSync(tarOf([file], Buffer.alloc(0)))],
    ['more after the end', gzipSync(Buffer.concat([tarOf([file]), tarOf([file])]))],
    ['what unpacks to more than a repository', gzipSync(Buffer.alloc(257 * 1024 * 1024), { level: 1 })],
  ])('refuses %s', (_, bytes) => {
    expect(() => readTarball(new Uint8Array(bytes), 'a.tar.gz')).toThrowToolkit('CER_IMPORT_TARBALL');
  });
});
