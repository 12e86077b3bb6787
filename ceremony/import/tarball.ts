import { gunzipSync } from 'node:zlib';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';

const block = 512;
/** A repository is a few megabytes; what unpacks to more is meant to fill our memory. */
const maxUnpackedBytes = 256 * 1024 * 1024;
const maxEntries = 20_000;
/** Each record is cut off the text before the next is read: many of them would take for ever. */
const maxRecordsBytes = 4096;

const lineFeed = 0x0a;
/** Records of a POSIX header that say nothing about where, what or how much. */
const harmlessRecords = /^(?:atime|ctime|mtime|comment|uid|gid|uname|gname)$/;

/**
 * Reads the files of a `.tar.gz` by path: plain files and directories of ustar, of pax and GNU with paths of their own
 * (a file named by its SHA-512 has more than the 100 characters of ustar), and nothing else. Links, devices, paths that
 * climb or stand twice, and whatever two programs could unpack differently are refused.
 * @throws CER_IMPORT_TARBALL
 */
export function readTarball(bytes: Uint8Array, what: string): ReadonlyMap<string, Uint8Array> {
  const archive = unpack(bytes, what);
  const files = new Map<string, Uint8Array>();
  let offset = 0;
  /** The path of the next entry, where a header before it says so. */
  let longPath: string | undefined;
  for (let entries = 0; ; entries += 1) {
    const header = archive.subarray(offset, offset + block);
    if (header.length < block || entries > maxEntries) throw refused(what, 'an end', 'none');
    offset += block;
    if (header.every((byte) => byte === 0)) break;
    assertHeader(header, what);
    const size = octal(header.subarray(124, 136), what);
    const body = archive.subarray(offset, offset + size);
    if (body.length < size) throw refused(what, 'whole files', 'one that is cut off');
    offset += Math.ceil(size / block) * block;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'g') {
      if (pathIn(body, what) !== undefined) throw refused(what, 'a path for one entry', 'one for all');
    } else if (type === 'x' || type === 'L') {
      if (longPath !== undefined) throw refused(what, 'one long path for an entry', 'two');
      longPath = type === 'x' ? pathIn(body, what) : gnuPath(body, what);
    } else {
      addEntry(files, { path: longPath ?? pathOf(header, what), type, body }, what);
      longPath = undefined;
    }
  }
  if (longPath !== undefined) throw refused(what, 'an entry after its path', 'none');
  if (archive.subarray(offset).some((byte) => byte !== 0)) throw refused(what, 'nothing after the end', 'more');
  return files;
}

function unpack(bytes: Uint8Array, what: string): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes }));
  } catch (cause) {
    throw refused(what, `gzip of at most ${maxUnpackedBytes} bytes`, 'other bytes', cause);
  }
}

function assertHeader(header: Uint8Array, what: string): void {
  const magic = text(header.subarray(257, 263), what);
  if (magic !== 'ustar' && magic !== 'ustar ') throw refused(what, 'ustar', 'another format');
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (octal(header.subarray(148, 156), what) !== sum) throw refused(what, 'headers with their sum', 'a damaged one');
}

function addEntry(
  files: Map<string, Uint8Array>,
  { path, type, body }: { readonly path: string; readonly type: string; readonly body: Uint8Array },
  what: string,
): void {
  const name = path.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  const climbs = name.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (type === '5' && body.length === 0 && (name === '' || name === '.' || !climbs)) return;
  if (type !== '0' && type !== '\0')
    throw refused(what, 'files and directories', `${show(path)} of type ${show(type)}`);
  if (climbs || /[\\\p{Cc}]/u.test(name)) throw refused(what, 'plain relative paths', show(path));
  if (files.has(name)) throw refused(what, 'each path once', `${show(path)} twice`);
  files.set(name, body);
}

/** Only POSIX archives have a prefix; GNU keeps times where it would be. */
function pathOf(header: Uint8Array, what: string): string {
  const name = text(header.subarray(0, 100), what);
  const prefix = header[262] === 0 ? text(header.subarray(345, 500), what) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Returns the path that the records of an extended header give, if they do. */
function pathIn(body: Uint8Array, what: string): string | undefined {
  if (body.length > maxRecordsBytes)
    throw refused(what, `extended headers of at most ${maxRecordsBytes} bytes`, 'more');
  let path: string | undefined;
  for (let rest = Buffer.from(text(body, what)); rest.length > 0; ) {
    const [start = '', length = '', key = ''] = /^(\d{1,6}) ([A-Za-z.]+)=/.exec(rest.toString('utf8')) ?? [];
    const record = rest.subarray(start.length, Number(length));
    if (
      Number(length) > rest.length ||
      record.at(-1) !== lineFeed ||
      (key !== 'path' && !harmlessRecords.test(key)) ||
      (key === 'path' && path !== undefined)
    )
      throw refused(what, 'records of times, owners and one path', show(rest.toString('utf8', 0, 40)));
    if (key === 'path') path = record.toString('utf8', 0, record.length - 1);
    rest = rest.subarray(Number(length));
  }
  return path;
}

/** GNU: the path is what a file of its own contains, up to a zero byte. */
function gnuPath(body: Uint8Array, what: string): string {
  if (body.length > maxRecordsBytes || body.indexOf(0) !== body.length - 1)
    throw refused(what, 'a long path that ends with its one zero byte', 'another');
  return text(body, what);
}

function octal(field: Uint8Array, what: string): number {
  const digits = text(field, what).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw refused(what, 'numbers in octal', show(digits));
  return Number.parseInt(digits, 8);
}

function text(field: Uint8Array, what: string): string {
  const end = field.indexOf(0);
  try {
    return parseUtf8(end < 0 ? field : field.subarray(0, end));
  } catch (cause) {
    throw refused(what, 'text in its headers', 'other bytes', cause);
  }
}

function show(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}

function refused(what: string, expected: string, got: string, cause?: unknown): ToolkitError {
  return new ToolkitError('CER_IMPORT_TARBALL', {
    message: `${what}: expected a .tar.gz with ${expected}, got ${got}`,
    fault: 'input',
    data: { what, expected, got },
    hint: 'unpack it with a program that you trust, look at what came out, and import the directory',
    cause,
  });
}
