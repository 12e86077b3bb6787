import { concat, utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';

export interface TarFile {
  /** Relative, without `./`, at most 100 bytes of ASCII. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

const block = 512;
const directoryMode = 0o555;
const maxPath = 100;
/** What eleven octal digits can say. */
const maxSize = 8 ** 11 - 1;

/**
 * Returns an archive (ustar, POSIX.1-1988) of these files and their directories: sorted by path, owned by root, last
 * changed in 1970. The same files make the same bytes.
 */
export function writeTar(files: readonly TarFile[]): Uint8Array {
  const directories = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const entries = [
    ...[...directories].map((path) => ({ path, bytes: new Uint8Array(), mode: directoryMode, type: '5' })),
    ...files.map((file) => ({ ...file, type: '0' })),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const parts = entries.flatMap((entry) => [header(entry), entry.bytes, padding(entry.bytes.length)]);
  return concat(...parts, new Uint8Array(2 * block));
}

/** `a/b/c` → `a/`, `a/b/`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}

interface Entry extends TarFile {
  readonly type: string;
}

function header({ path, bytes, mode, type }: Entry): Uint8Array {
  if (!/^[\x21-\x7e]+$/.test(path) || path.length > maxPath || path.startsWith('/') || bytes.length > maxSize) {
    throw new ToolkitError('OPS_IMAGE_BUILD', { message: `${path}: does not fit into a layer`, fault: 'caller' });
  }
  const head = new Uint8Array(block);
  const put = (text: string, offset: number) => head.set(utf8(text), offset);
  put(path, 0);
  put(octal(mode, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(bytes.length, 11), 124);
  put(octal(0, 11), 136);
  // The sum is taken with spaces in its own place.
  put(' '.repeat(8), 148);
  put(type, 156);
  put('ustar\x0000', 257);
  put(
    octal(
      head.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  head[154] = 0;
  return head;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function padding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}
