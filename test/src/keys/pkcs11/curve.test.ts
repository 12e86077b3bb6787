import { sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { concat, parseHex, toHex, utf8 } from '../../../../src/core/bytes.ts';
import { derTag, writeDer, writeOid } from '../../../../src/keys/der.ts';
import { curveOf, curves, pointOf, publicKeyOf, signatureOf } from '../../../../src/keys/pkcs11/curve.ts';
import { ecKey, ed25519Key } from '../../../support/certificates.ts';

const p256 = curves['ecdsa-p256-sha256'];
const p384 = curves['ecdsa-p384-sha384'];
const { ed25519 } = curves;
const p256Key = ecKey('prime256v1').publicKey;
const p384Key = ecKey('secp384r1').publicKey;

describe('curveOf', () => {
  it.each([
    ['P-256', '06082a8648ce3d030107', 'ecdsa-p256-sha256'],
    ['P-384', '06052b81040022', 'ecdsa-p384-sha384'],
    ['the number of RFC 8410', '06032b6570', 'ed25519'],
    ['the name of PKCS#11 3.0', '130c656477617264733235353139', 'ed25519'],
    ['the number of GnuPG', '06092b06010401da470f01', 'ed25519'],
  ])('accepts %s', (_, params, algorithm) => {
    expect(curveOf(parseHex(params), 'token').algorithm).toBe(algorithm);
  });

  it.each([writeOid('1.3.132.0.35'), utf8('P-256'), new Uint8Array(), undefined])('refuses %s', (params) => {
    expect(() => curveOf(params, 'token "a"')).toThrowToolkit('KEY_ALGORITHM', { what: 'token "a"' });
  });
});

describe('publicKeyOf', () => {
  it.each([
    { curve: p256, publicKey: p256Key },
    { curve: p384, publicKey: p384Key },
    { curve: ed25519, publicKey: ed25519Key().publicKey },
  ])('accepts the point of $curve.jwkName, wrapped and bare', ({ curve, publicKey }) => {
    const wrapped = pointOf(curve, publicKey);
    expect(publicKeyOf(curve, wrapped, 'token').equals(publicKey)).toBe(true);
    expect(publicKeyOf(curve, wrapped.subarray(2), 'token').equals(publicKey)).toBe(true);
  });

  const point = pointOf(p256, p256Key).subarray(2);
  it.each([
    ['nothing', new Uint8Array()],
    ['a byte less', point.subarray(1)],
    ['a byte more', concat(point, Uint8Array.of(0))],
    ['a compressed one', concat(Uint8Array.of(2), point.subarray(1))],
    ['one that is not on the curve', concat(point.subarray(0, 64), Uint8Array.of((point[64] ?? 0) ^ 1))],
    ['one of another curve', pointOf(p384, p384Key)],
    ['another wrapping', writeDer(derTag.sequence, point)],
  ])('refuses %s', (_, bytes) => {
    expect(() => publicKeyOf(p256, bytes, 'token')).toThrowToolkit('KEY_PUBLIC_UNREADABLE', { curve: 'P-256' });
  });
});

describe('signatureOf', () => {
  const [low, high, zero, covered] = ['01', '80', '0001', '0080'].map((first) => first.padEnd(64, '2'));

  it.each([
    ['without the high bit', `${low}${low}`, `30440220${low}0220${low}`],
    ['with the high bit', `${high}${low}`, `3045022100${high}0220${low}`],
    ['with a leading zero', `${zero}${low}`, `3043021f${zero?.slice(2)}0220${low}`],
    ['with a zero before the high bit', `${covered}${low}`, `30440220${covered}0220${low}`],
    ['that leaves leading zeros out', '0102', '3006020101020102'],
    ['of zeros, which no key verifies', '00'.repeat(64), '3006020100020100'],
  ])('writes r and s %s', (_, raw, der) => {
    expect(toHex(signatureOf(p256, parseHex(raw)))).toBe(der);
  });

  it.each(['prime256v1', 'secp384r1'])('writes what OpenSSL verifies, on %s', (name) => {
    const { privateKey, publicKey } = ecKey(name);
    const [curve, digest] = name === 'prime256v1' ? [p256, 'sha256'] : [p384, 'sha384'];
    const raw = sign(digest, utf8('x'), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verify(digest, utf8('x'), publicKey, signatureOf(curve, raw))).toBe(true);
  });

  it('leaves an Ed25519 signature as it is', () => {
    const raw = new Uint8Array(64).fill(7);
    expect(signatureOf(ed25519, raw)).toEqual(raw);
  });
});
