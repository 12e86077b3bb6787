import { describe, expect, it } from '@jest/globals';
import { parseBase64, parseHex, parseUtf8, toBase64 } from '../../../src/core/bytes.ts';

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
