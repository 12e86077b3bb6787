import { describe, expect, it } from '@jest/globals';
import { ByteReader } from '../../../src/tlog/byte-reader.ts';

const reader = (...bytes: readonly number[]) => new ByteReader(Uint8Array.from(bytes), 'tile/data/000');

describe('ByteReader', () => {
  it('reads numbers, vectors and what it has read', () => {
    const bytes = reader(1, 2, 0, 2, 7, 8, 9);
    expect(bytes.number(2)).toBe(258);
    expect(bytes.vector(2)).toEqual(Uint8Array.of(7, 8));
    expect(bytes.since(2)).toEqual(Uint8Array.of(0, 2, 7, 8));
    expect([bytes.offset, bytes.isAtEnd]).toEqual([6, false]);
    expect([bytes.number(1), bytes.isAtEnd]).toEqual([9, true]);
  });

  it('reads a number up to 2^53 - 1, and refuses a larger one', () => {
    expect(reader(0, 31, 255, 255, 255, 255, 255, 255).number(8)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => reader(0, 32, 0, 0, 0, 0, 0, 0).number(8)).toThrowToolkit('TLOG_TILE');
  });

  it('refuses to read past the end, and says where', () => {
    const bytes = reader(0, 3, 1, 2);
    expect(() => bytes.vector(2)).toThrowToolkit('TLOG_TILE', { path: 'tile/data/000', offset: 2 });
    expect(() => reader().take(1)).toThrowToolkit('TLOG_TILE', { offset: 0 });
  });

  it('reads a list up to its limit, and refuses one item more', () => {
    const [full, long] = [reader(1, 2), reader(1, 2, 3)];
    expect(full.list(2, (index) => [index, full.number(1)])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(() => long.list(2, () => long.number(1))).toThrowToolkit('TLOG_TILE', { offset: 2 });
  });
});
