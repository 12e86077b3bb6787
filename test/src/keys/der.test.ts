import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../../../src/core/bytes.ts';
import {
  contentOf,
  DerError,
  derTag,
  readDer,
  readInteger,
  readSequence,
  writeDer,
  writeInteger,
  writeOctetString,
  writeOid,
  writeSequence,
} from '../../../src/keys/der.ts';

describe('writeDer', () => {
  it.each([
    [0, '0400'],
    [127, `047f${'00'.repeat(127)}`],
    [128, `048180${'00'.repeat(128)}`],
    [255, `0481ff${'00'.repeat(255)}`],
    [256, `04820100${'00'.repeat(256)}`],
  ])('writes %i bytes with the shortest length', (length, hex) => {
    expect(toHex(writeOctetString(new Uint8Array(length)))).toBe(hex);
  });
});

describe('writeInteger', () => {
  it.each([
    [0, '020100'],
    [1, '020101'],
    [127, '02017f'],
    [128, '02020080'],
    [16_384, '02024000'],
    [2 ** 32 - 1, '020500ffffffff'],
  ])('writes %i as a positive number', (value, hex) => {
    expect(toHex(writeInteger(value))).toBe(hex);
  });
});

describe('writeOid', () => {
  // openssl asn1parse -genstr OID:…
  it.each([
    ['1.2.840.113549.1.5.13', '06092a864886f70d01050d'],
    ['1.3.6.1.4.1.11591.4.11', '06092b06010401da47040b'],
    ['2.16.840.1.101.3.4.1.42', '060960864801650304012a'],
  ])('writes %s', (dotted, hex) => {
    expect(toHex(writeOid(dotted))).toBe(hex);
  });
});

describe('readDer', () => {
  it('accepts what writeDer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => {
        expect(readDer(writeOctetString(bytes))).toEqual({ tag: derTag.octetString, content: bytes });
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['nothing', ''],
    ['a tag alone', '04'],
    ['a length that is longer than the bytes', '040201'],
    ['bytes behind the element', '04010100'],
    ['an indefinite length', '048001020000'],
    ['a length that could be shorter', `04817f${'00'.repeat(127)}`],
    ['a length with a leading zero', `04820080${'00'.repeat(128)}`],
    ['a length of five octets', '04850000000001ff'],
  ])('refuses %s', (_, hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(DerError);
  });
});

describe('readSequence', () => {
  it('accepts elements in order', () => {
    const [first, second] = readSequence(readDer(writeSequence(writeInteger(5), writeOctetString(Uint8Array.of(6)))));
    expect(readInteger(first)).toBe(5);
    expect(contentOf(second, derTag.octetString)).toEqual(Uint8Array.of(6));
  });

  it('refuses another tag, or nothing', () => {
    expect(() => readSequence(readDer(writeInteger(5)))).toThrow(DerError);
    expect(() => readSequence(undefined)).toThrow(DerError);
  });
});

describe('readInteger', () => {
  it.each([
    ['none', []],
    ['a negative one', [0x80]],
    ['a padded one', [0, 1]],
    ['a huge one', [1, 0, 0, 0, 0, 0]],
  ])('refuses %s', (_, content) => {
    expect(() => readInteger(readDer(writeDer(derTag.integer, Uint8Array.from(content))))).toThrow(DerError);
  });
});
