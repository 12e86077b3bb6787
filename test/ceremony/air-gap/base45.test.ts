import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesOfBase45, toBase45 } from '../../../ceremony/air-gap/base45.ts';
import { utf8 } from '../../../src/core/bytes.ts';

// The examples of RFC 9285 §4.3 and §4.4.
const examples = [
  ['AB', 'BB8'],
  ['Hello!!', '%69 VD92EX0'],
  ['base-45', 'UJCLQE7W581'],
  ['ietf!', 'QED8WEX0'],
] as const;

describe('toBase45', () => {
  it.each(examples)('accepts %j as the RFC does', (text, encoded) => {
    expect(toBase45(utf8(text))).toBe(encoded);
    expect(bytesOfBase45(encoded)).toEqual(utf8(text));
  });

  it('accepts all bytes, and gives them back', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => expect(bytesOfBase45(toBase45(bytes))).toEqual(bytes)));
  });
});

describe('bytesOfBase45', () => {
  // 65 536 and 256 are the first that two bytes and one do not hold.
  it.each(['A', 'BB8A', 'bb8', 'BB_', '::::', ':::', 'GGW', 'V5', 'BB\u0000'])('refuses %j', (text) => {
    expect(bytesOfBase45(text)).toBeUndefined();
  });

  it('accepts one text for each byte string', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0AFGVWZ5 :'), maxLength: 6 });
    fc.assert(
      fc.property(text, (encoded) => {
        const bytes = bytesOfBase45(encoded);
        if (bytes) expect(toBase45(bytes)).toBe(encoded);
      }),
    );
  });
});
