import { gzipSync } from 'node:zlib';

export interface TarEntry {
  readonly path: string;
  readonly body?: Uint8Array | string;
  /** @default '0', a file */
  readonly type?: string;
  /** Overwrites bytes of the header after its sum was taken. */
  readonly damage?: (header: Buffer) => void;
  /** Writes the header before its sum is taken. */
  readonly edit?: (header: Buffer) => void;
}

/** Returns an uncompressed ustar archive. */
export function tarOf(entries: readonly TarEntry[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), end]);
}

export function tarGz(entries: readonly TarEntry[]): Uint8Array {
  return new Uint8Array(gzipSync(tarOf(entries)));
}

function blocksOf({ path, body = '', type = '0', damage, edit }: TarEntry): readonly Buffer[] {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(512);
  const slash = path.length > 100 ? path.lastIndexOf('/') : -1;
  header.write(path.slice(slash + 1), 0, 100, 'utf8');
  header.write(path.slice(0, Math.max(slash, 0)), 345, 155, 'utf8');
  header.write('0000644\0', 100);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156, 1, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  edit?.(header);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  damage?.(header);
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
