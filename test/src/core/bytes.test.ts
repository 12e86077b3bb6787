import { describe, expect, it } from '@jest/globals';
import {
  concat,
  equalBytes,
  parseBase64,
  parseHex,
  parseUtf8,
  toBase64,
  toHex,
  utf8,
} from '../../../src/core/bytes.ts';

describe('parseBase64', () => {
  it('accepts what toBase64 writes', () => {
    for (const length of [0, 1, 2, 3, 255]) {
      const bytes = new Uint8Array(length).fill(0xfb);
      expect(parseBase64(toBase64(bytes))).toEqual(bytes);
    }
  });

  it.each(['AA', 'AA=', 'A===', '-_==', ' AA==', 'AA==\n', 'AB==', 'AA==AA=='])('refuses %j', (text) => {
    expect(() => parseBase64(text, 'signature')).toThrowToolkit('CORE_ENCODING');
  });
});

describe('parseHex', () => {
  it('accepts lower-case pairs', () => {
    expect(parseHex('00ff')).toEqual(new Uint8Array([0, 255]));
  });

  it.each(['0', 'FF', 'zz', '0x00', ' 00'])('refuses %j', (text) => {
    expect(() => parseHex(text)).toThrowToolkit('CORE_ENCODING');
  });
});

describe('parseUtf8', () => {
  it('refuses bytes that would have to be repaired', () => {
    expect(() => parseUtf8(new Uint8Array([0xc3, 0x28]))).toThrowToolkit('CORE_ENCODING');
  });
});

describe('concat, toHex and toBase64', () => {
  it('look at the view, not at the buffer behind it', () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    expect([toHex(view), toBase64(view)]).toEqual(['0102', 'AQI=']);
    expect(concat(view, new Uint8Array(), view)).toEqual(new Uint8Array([1, 2, 1, 2]));
    expect(concat()).toEqual(new Uint8Array());
  });
});

describe('equalBytes', () => {
  it.each([
    ['', '', true],
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
  ])('%j and %j: %p', (a, b, equal) => {
    expect(equalBytes(utf8(a), utf8(b))).toBe(equal);
  });
});
