import { describe, expect, it } from '@jest/globals';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { dataTilePath, entryBundlePath, issuerPath, parseEntryBundle, tilePath } from '../../../src/tlog/tiles.ts';

describe('tilePath', () => {
  it.each([
    [0, 0, undefined, 'tile/0/000'],
    [0, 5, 256, 'tile/0/005'],
    [1, 999, undefined, 'tile/1/999'],
    [2, 1000, undefined, 'tile/2/x001/000'],
    [0, 1_234_067, 1, 'tile/0/x001/x234/067.p/1'],
    [63, 1234, 255, 'tile/63/x001/234.p/255'],
    [0, Number.MAX_SAFE_INTEGER, undefined, 'tile/0/x009/x007/x199/x254/x740/991'],
  ])('of level %d, index %d, width %p is as the specification writes it', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
  });

  it.each([
    [-1, 0, 256],
    [64, 0, 256],
    [0.5, 0, 256],
    [0, -1, 256],
    [0, 2 ** 53, 256],
    [0, 0, 0],
    [0, 0, 257],
    [0, 0, 1.5],
  ])('refuses level %d, index %d, width %d', (level, index, width) => {
    expect(() => tilePath(level, index, width)).toThrowToolkit('TLOG_TILE_PATH');
  });
});

describe('entryBundlePath', () => {
  it('has its own folder for each kind of log', () => {
    expect(entryBundlePath(1234, 5)).toBe('tile/entries/x001/234.p/5');
    expect(dataTilePath(1234)).toBe('tile/data/x001/234');
    expect(issuerPath(Uint8Array.of(0, 255))).toBe('issuer/00ff');
  });
});

describe('parseEntryBundle', () => {
  const bundle = (...entries: readonly Uint8Array[]): Uint8Array =>
    concat(...entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]));
  const parse = (bytes: Uint8Array) => parseEntryBundle(bytes, 'tile/entries/000');

  it('accepts entries of 0 to 65535 bytes', () => {
    const entries = [utf8('a'), new Uint8Array(), new Uint8Array(65_535).fill(7), utf8('b')];
    expect(parse(bundle(...entries)).map((entry) => Buffer.from(entry).toString('hex'))).toEqual(
      entries.map((entry) => Buffer.from(entry).toString('hex')),
    );
    expect(parse(new Uint8Array())).toEqual([]);
  });

  it('accepts 256 entries and refuses 257', () => {
    const entries = Array.from({ length: 256 }, () => utf8('a'));
    expect(parse(bundle(...entries))).toHaveLength(256);
    expect(() => parse(bundle(...entries, utf8('a')))).toThrowToolkit('TLOG_TILE', { path: 'tile/entries/000' });
  });

  it('refuses a bundle that is cut off anywhere but between two entries', () => {
    const whole = bundle(utf8('ab'), utf8('cd'));
    for (const length of [1, 2, 3, 5, 6, 7]) {
      expect(() => parse(whole.slice(0, length))).toThrowToolkit('TLOG_TILE');
    }
    expect(parse(whole.slice(0, 4))).toHaveLength(1);
  });
});
