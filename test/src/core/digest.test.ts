import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { sha256, sha256Hex, spkiOf } from '../../../src/core/digest.ts';

describe('sha256', () => {
  it('accepts the vectors of FIPS 180-4, in one part or several', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect([sha256Hex('abc'), sha256Hex('a', utf8('b'), 'c')]).toEqual([abc, abc]);
    expect(sha256Hex()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toHaveLength(32);
  });
});

describe('spkiOf', () => {
  it('returns what makes the same key again', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const again = createPublicKey({ key: Buffer.from(spkiOf(publicKey)), format: 'der', type: 'spki' });
    expect(again.equals(publicKey)).toBe(true);
  });
});
