import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toHex, utf8 } from '../../../src/core/bytes.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import { rekorLogId, rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import { ed25519Key, p256Key } from './memory-log.ts';

const origin = 'log2026-1.acme.example';
const ed25519 = createPublicKey(ed25519Key('log'));
const p256 = createPublicKey(p256Key('log'));

describe('rekorLogId', () => {
  it('of an Ed25519 key depends on the origin', () => {
    const raw = Buffer.from(String(ed25519.export({ format: 'jwk' }).x), 'base64url');
    const expected = createHash('sha256').update(`${origin}\n\x01`).update(raw).digest('hex');
    expect(toHex(rekorLogId(origin, ed25519))).toBe(expected);
    expect(toHex(rekorLogId('other.example', ed25519))).not.toBe(expected);
  });

  it('of an ECDSA key is the hash of the key alone', () => {
    const expected = createHash('sha256').update(spkiOf(p256)).digest('hex');
    expect(toHex(rekorLogId(origin, p256))).toBe(expected);
    expect(toHex(rekorLogId('other.example', p256))).toBe(expected);
  });

  it.each(['', 'two words', 'a+b', 'a\nb', 'a\u2003b'])('refuses the origin %j', (name) => {
    expect(() => rekorLogId(name, ed25519)).toThrowToolkit('TLOG_KEY', { origin: name });
  });

  it('refuses kinds of keys that not every client verifies', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey;
    expect(() => rekorLogId(origin, rsa)).toThrowToolkit('TLOG_KEY', { got: 'rsa' });
    expect(() => rekorLogId(origin, p521)).toThrowToolkit('TLOG_KEY', { got: 'secp521r1' });
  });
});

describe('rekorNoteVerifier', () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const text = 'a text\n';

  it.each([
    ['Ed25519', ed25519, sign(null, utf8(text), ed25519Key('log'))],
    ['P-256 with SHA-256', p256, sign('sha256', utf8(text), p256Key('log'))],
    ['P-384 with SHA-384', p384.publicKey, sign('sha384', utf8(text), p384.privateKey)],
  ])('accepts %s, under the first bytes of the log ID', (_, publicKey, signature) => {
    const verifier = rekorNoteVerifier(origin, publicKey);
    expect(verifier.name).toBe(origin);
    expect(verifier.keyHash).toEqual(rekorLogId(origin, publicKey).slice(0, 4));
    expect(verifier.verify(text, signature)).toBe(true);
    expect(verifier.verify(`${text}more`, signature)).toBe(false);
    expect(verifier.verify(text, signature.subarray(1))).toBe(false);
  });

  it('refuses P-384 with SHA-256', () => {
    const verifier = rekorNoteVerifier(origin, p384.publicKey);
    expect(verifier.verify(text, sign('sha256', utf8(text), p384.privateKey))).toBe(false);
  });
});
