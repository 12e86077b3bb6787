import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { equalBytes } from '../../../src/core/bytes.ts';
import { TileHashes } from '../../../src/tlog/tile-hashes.ts';
import { consistencyPath, entryBodies, leaf, merkleTreeHash, rekorLog } from './memory-log.ts';

const most = 66_000;
const entries = entryBodies(most);
const leaves = entries.map(leaf);
const small = entries.slice(0, 1_100);

function hashesAt(size: number): TileHashes {
  const log = rekorLog(small);
  log.publish(size);
  return new TileHashes(size, log.readTile);
}

describe('TileHashes', () => {
  it.each([1, 2, 3, 255, 256, 257, 511, 512, 513, 1_024, 1_100])(
    'gives the root of a tree of %i leaves',
    async (size) => {
      expect(await hashesAt(size).range(0, size)).toEqual(merkleTreeHash(leaves.slice(0, size)));
    },
  );

  it('gives the root of a tree of three levels of tiles', async () => {
    const log = rekorLog(entries);
    log.publish(most);
    expect(await new TileHashes(most, log.readTile).range(0, most)).toEqual(merkleTreeHash(leaves));
    const path = await new TileHashes(most, log.readTile).consistencyPath(65_537);
    expect(path).toEqual(consistencyPath(65_537, leaves));
  }, 30_000);

  it('gives the path of the specification between any two sizes', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 700 }));
    await fc.assert(
      fc.asyncProperty(sizes, async ([a, b]) => {
        const [older, newer] = [Math.min(a, b), Math.max(a, b)];
        const path = await hashesAt(newer).consistencyPath(older);
        const expected = consistencyPath(older, leaves.slice(0, newer));
        expect(path.length).toBe(expected.length);
        expect(path.every((hash, index) => equalBytes(hash, expected[index] ?? new Uint8Array()))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('reads the full tile where the partial one is gone', async () => {
    const log = rekorLog(small);
    log.publish(200);
    log.publish(600);
    log.files.delete('tile/0/000.p/200');
    expect(await new TileHashes(200, log.readTile).range(0, 200)).toEqual(merkleTreeHash(leaves.slice(0, 200)));
  });

  it('refuses a tile that is missing, cut off or ragged', async () => {
    const log = rekorLog(small);
    log.publish(300);
    const tile = log.files.get('tile/0/000') ?? new Uint8Array();
    log.files.set('tile/0/000', tile.subarray(0, 255 * 32));
    await expect(new TileHashes(300, log.readTile).range(0, 200)).rejects.toThrowToolkit('TLOG_TILE');
    log.files.delete('tile/0/001.p/44');
    await expect(new TileHashes(300, log.readTile).range(256, 300)).rejects.toThrowToolkit('TLOG_MISSING_TILE');
  });
});
