import { ToolkitError } from '../core/error.ts';
import { hashBytes, nodeHash } from './merkle.ts';
import { type TileReader, tilePath, tileWidth } from './tiles.ts';

const levelsPerTile = 8;

/** The hashes of one tree of a log, from the tiles that it serves. What they prove is the question of who asks. */
export class TileHashes {
  readonly #size: number;
  readonly #read: TileReader;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();

  constructor(size: number, read: TileReader) {
    this.#size = size;
    this.#read = read;
  }

  /** Returns the hash over the leaves from `start` up to `end`: MTH(D[start:end]) of RFC 9162 §2.1.1. */
  async range(start: number, end: number): Promise<Uint8Array> {
    const width = end - start;
    const split = splitOf(width);
    if (split === width) return await this.#complete(Math.log2(width), start / width);
    return nodeHash(await this.range(start, start + split), await this.range(start + split, end));
  }

  /** Returns the path that proves this tree to extend the one of size `older` (RFC 9162 §2.1.4.1). */
  async consistencyPath(older: number): Promise<readonly Uint8Array[]> {
    const path: Uint8Array[] = [];
    let [start, end, isWhole] = [0, this.#size, true];
    while (older !== end) {
      const middle = start + splitBelow(end - start);
      if (older <= middle) {
        path.push(await this.range(middle, end));
        end = middle;
      } else {
        path.push(await this.range(start, middle));
        [start, isWhole] = [middle, false];
      }
    }
    if (!isWhole) path.push(await this.range(start, end));
    return path.reverse();
  }

  /** Returns the hash of a complete subtree: node `index` of level `level` above the leaves. */
  async #complete(level: number, index: number): Promise<Uint8Array> {
    const above = level % levelsPerTile;
    if (above > 0) {
      return nodeHash(await this.#complete(level - 1, 2 * index), await this.#complete(level - 1, 2 * index + 1));
    }
    const tile = await this.#tile(level / levelsPerTile, Math.floor(index / tileWidth));
    const at = (index % tileWidth) * hashBytes;
    return tile.subarray(at, at + hashBytes);
  }

  async #tile(level: number, index: number): Promise<Uint8Array> {
    const hashes = Math.floor(this.#size / tileWidth ** level);
    const width = Math.min(tileWidth, hashes - index * tileWidth);
    const path = tilePath(level, index, width);
    const known = this.#tiles.get(path) ?? this.#readTile(path, tilePath(level, index), width);
    this.#tiles.set(path, known);
    return await known;
  }

  /** A log may drop a partial tile once the full one is there. */
  async #readTile(path: string, fullPath: string, width: number): Promise<Uint8Array> {
    const bytes = (await this.#read(path)) ?? (path === fullPath ? undefined : await this.#read(fullPath));
    if (bytes !== undefined && bytes.length >= width * hashBytes && bytes.length % hashBytes === 0) return bytes;
    throw new ToolkitError(bytes === undefined ? 'TLOG_MISSING_TILE' : 'TLOG_TILE', {
      message:
        bytes === undefined
          ? `${path}: the log signed a checkpoint that needs this file, and does not serve it`
          : `${path}: expected ${width} hashes, got ${bytes.length} bytes`,
      fault: 'evidence',
      data: { path },
    });
  }
}

/** The largest power of two that is not above `count`. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 <= count) split *= 2;
  return split;
}

/** The largest power of two below `count`. */
function splitBelow(count: number): number {
  const split = splitOf(count);
  return split === count ? split / 2 : split;
}
