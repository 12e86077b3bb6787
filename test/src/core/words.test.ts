import { describe, expect, it } from '@jest/globals';
import { parseHex } from '../../../src/core/bytes.ts';
import { wordLines, wordsOf } from '../../../src/core/words.ts';

describe('wordsOf', () => {
  it('says a fingerprint as PGP does', () => {
    expect(wordsOf(parseHex('e58294f2e9a227486e8b061b31cc528fd7fa3f19')).join(' ')).toBe(
      'topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa ' +
        'afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless',
    );
  });

  it('has another word for every byte, at even places and at odd ones', () => {
    const everyByte = Uint8Array.from({ length: 512 }, (_, index) => index >> 1);
    const words = wordsOf(everyByte);
    expect(new Set(words.map((word) => word.toLowerCase())).size).toBe(512);
    expect(words.every((word) => /^[A-Za-z]{4,12}$/.test(word))).toBe(true);
    expect(words.slice(0, 2)).toEqual(['aardvark', 'adroitness']);
    expect(words.slice(-2)).toEqual(['Zulu', 'Yucatan']);
  });
});

describe('wordLines', () => {
  it.each([
    [0, []],
    [1, [1]],
    [8, [8]],
    [9, [8, 1]],
    [32, [8, 8, 8, 8]],
  ])('puts %d words into lines of %j', (length, lines) => {
    expect(wordLines(new Uint8Array(length)).map((line) => line.split(' ').length)).toEqual(lines);
  });
});
