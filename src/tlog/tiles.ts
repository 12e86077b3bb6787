import { toHex } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { ByteReader } from './byte-reader.ts';

/** Hashes in a full tile, and entries in a full bundle. */
export const tileWidth = 256;
const maxTileLevel = 63;

/**
 * Reads a file of a log's read path, e.g. `tile/0/000.p/5`; returns `undefined` where the log has none.
 * It caps what it reads at `maxTileBytes`, and throws where it cannot tell.
 */
export type TileReader = (path: string) => Promise<Uint8Array | undefined>;

/** No tile or bundle is longer: 256 CT entries of 256 KiB, the most that the servers accept. */
export const maxTileBytes = 64 * 1024 * 1024;

/**
 * Returns the path of a hash tile; `width` is given for the partial tile at the right edge.
 * @throws TLOG_TILE_PATH
 * @see https://c2sp.org/tlog-tiles (Merkle Tree)
 */
export function tilePath(level: number, index: number, width = tileWidth): string {
  if (!Number.isInteger(level) || level < 0 || level > maxTileLevel) {
    throw noPath(`expected a level from 0 to ${maxTileLevel}, got ${level}`);
  }
  return `tile/${level}/${indexPath(index, width)}`;
}

/** Returns the path of a bundle of entries of a Rekor log (see `tilePath`). */
export function entryBundlePath(index: number, width = tileWidth): string {
  return `tile/entries/${indexPath(index, width)}`;
}

/** Returns the path of a bundle of entries of a CT log (see `tilePath`). */
export function dataTilePath(index: number, width = tileWidth): string {
  return `tile/data/${indexPath(index, width)}`;
}

/** Returns the path of an issuing certificate of a CT log, by its SHA-256. */
export function issuerPath(fingerprint: Uint8Array): string {
  return `issuer/${toHex(fingerprint)}`;
}

/**
 * Splits a bundle of a Rekor log into its entries.
 * @throws TLOG_TILE if it is cut off or holds more than 256 entries
 * @see https://c2sp.org/tlog-tiles (Log entries)
 */
export function parseEntryBundle(bytes: Uint8Array, path: string): readonly Uint8Array[] {
  const reader = new ByteReader(bytes, path);
  return reader.list(tileWidth, () => reader.vector(2));
}

/** Index 1234067 is `x001/x234/067`, so that no directory grows beyond a thousand files. */
function indexPath(index: number, width: number): string {
  if (!Number.isSafeInteger(index) || index < 0) throw noPath(`expected an index below 2^53, got ${index}`);
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) {
    throw noPath(`expected a width from 1 to ${tileWidth}, got ${width}`);
  }
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === tileWidth ? path : `${path}.p/${width}`;
}

function noPath(message: string): ToolkitError {
  return new ToolkitError('TLOG_TILE_PATH', { message: `tile path: ${message}`, fault: 'caller' });
}
