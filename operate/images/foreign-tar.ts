import { posix } from 'node:path';
import type { TreeEntry } from './file-tree.ts';

const block = 512;
const kinds: Readonly<Record<string, TreeEntry['kind'] | undefined>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};

/**
 * Returns the entries of an archive that others wrote (ustar, with pax and GNU names), or `undefined` if it is none, or
 * holds a path that leads out of it.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function readForeignTar(archive: Uint8Array): readonly TreeEntry[] | undefined {
  const entries: TreeEntry[] = [];
  let next: { readonly path?: string; readonly target?: string } = {};
  for (let offset = 0; offset + block <= archive.length; ) {
    const head = archive.subarray(offset, offset + block);
    if (head.every((byte) => byte === 0)) return entries;
    const size = numberIn(head, 124, 12);
    const start = offset + block;
    if (!hasChecksum(head) || size === undefined || start + size > archive.length) return undefined;
    const bytes = archive.subarray(start, start + size);
    offset = start + Math.ceil(size / block) * block;
    const type = String.fromCharCode(head[156] ?? 0);
    if (type === 'x') next = { ...next, ...paxNames(bytes) };
    else if (type === 'L') next = { ...next, path: textIn(bytes, 0, bytes.length) };
    else if (type === 'K') next = { ...next, target: textIn(bytes, 0, bytes.length) };
    else if (type !== 'g') {
      const path = normal(next.path ?? nameOf(head));
      if (path === undefined) return undefined;
      const target = next.target ?? textIn(head, 157, 100);
      const kind = kinds[type] ?? 'other';
      entries.push({ path, kind, target: kind === 'hardlink' ? (normal(target) ?? '') : target, bytes });
      next = {};
    }
  }
  return undefined;
}

function normal(path: string): string | undefined {
  const clean = posix.normalize(path).replace(/^\/+/, '').replace(/\/+$/, '');
  return clean === '..' || clean.startsWith('../') ? undefined : clean;
}

function nameOf(head: Uint8Array): string {
  const prefix = textIn(head, 257, 5) === 'ustar' ? textIn(head, 345, 155) : '';
  return [prefix, textIn(head, 0, 100)].filter(Boolean).join('/');
}

/** Records of `LENGTH NAME=VALUE\n`. */
function paxNames(bytes: Uint8Array): { readonly path?: string; readonly target?: string } {
  const names: { path?: string; target?: string } = {};
  for (let offset = 0; offset < bytes.length; ) {
    const length = Number.parseInt(textIn(bytes, offset, 20), 10);
    if (!(length > 0)) break;
    const record = Buffer.from(bytes.subarray(offset, offset + length)).toString('utf8');
    const [, name, value = ''] = /^\d+ ([^=]+)=([^\0]*)\n$/.exec(record) ?? [];
    if (name === 'path') names.path = value;
    if (name === 'linkpath') names.target = value;
    offset += length;
  }
  return names;
}

function hasChecksum(head: Uint8Array): boolean {
  const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return numberIn(head, 148, 8) === sum;
}

/** In octal; GNU tar writes what is too big for that in base 256. */
function numberIn(head: Uint8Array, offset: number, length: number): number | undefined {
  const field = head.subarray(offset, offset + length);
  if ((field[0] ?? 0) & 0x80) {
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = textIn(field, 0, length).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

function textIn(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString('utf8');
}
