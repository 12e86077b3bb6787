import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { concat, toHex, utf8 } from '../../../src/core/bytes.ts';
import { sha256, spkiOf } from '../../../src/core/digest.ts';
import { formatCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { ctCheckpointTime, ctLogId, ctNoteVerifier } from '../../../src/tlog/ct-key.ts';
import { ed25519Key, entryBodies, p256Key, rekorLog, treeHeadSignature } from './memory-log.ts';

// A public log of 2024, as github.com/transparency-dev/formats tests it.
const romeOrigin = 'rome.ct.filippo.io/2024h1';
const romeKey = createPublicKey({
  key: Buffer.from(
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAXM8Ld9qn64g1zVFDh5FtgxS3zj5sqQDwYMs3wrBV3MCBiFhK/iRLxdKF4YsAcJaEglMlu4Lewvzxs0xO2uwEw==',
    'base64',
  ),
  format: 'der',
  type: 'spki',
});
const romeCheckpoint = utf8(`${romeOrigin}
115474666
2q1K6aiIJR+F7TyhiWOghoWOjY0/3dVBLsBbAvB4xCw=

— ${romeOrigin} ePSrrgAAAY5+gVlSBAMARzBFAiEAv8bOMzo3Ed/GbU9fzzJvaStX6i8xTsmEF+NqvpGhIO0CIEn1X+zzVEerdix64GEn97XCXObA2G5JQ8UDDqCKdG5m
`);

const origin = 'ct2026-1.acme.example';
const key = p256Key('ct');
const publicKey = createPublicKey(key);
const rootHash = sha256('root');
const time = new Date('2026-11-22T10:00:00.123Z');
const text = formatCheckpoint({ origin, size: 7, rootHash, extensions: [] });
const signature = treeHeadSignature(key, 7, rootHash, time);

describe('ctLogId', () => {
  it('is the hash of the key', () => {
    expect(ctLogId(publicKey)).toEqual(sha256(spkiOf(publicKey)));
  });

  it('refuses keys that RFC 6962 does not allow', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    expect(() => ctLogId(p384)).toThrowToolkit('TLOG_KEY', { got: 'secp384r1' });
    expect(() => ctLogId(createPublicKey(ed25519Key('ct')))).toThrowToolkit('TLOG_KEY', { got: 'ed25519' });
  });
});

describe('ctNoteVerifier', () => {
  const verifier = ctNoteVerifier(origin, publicKey);

  it('accepts a checkpoint of a public log', () => {
    const rome = ctNoteVerifier(romeOrigin, romeKey);
    expect(toHex(rome.keyHash)).toBe('78f4abae');
    expect(verifyCheckpoint(romeCheckpoint, { origin: romeOrigin, verifier: rome }).size).toBe(115_474_666);
  });

  it('accepts a tree head of its key', () => {
    expect(verifier.verify(text, signature)).toBe(true);
  });

  it('refuses another size, root, origin or an extension line, which a tree head does not cover', () => {
    expect(verifier.verify(text.replace('\n7\n', '\n8\n'), signature)).toBe(false);
    const other = formatCheckpoint({ origin, size: 7, rootHash: sha256('other'), extensions: [] });
    expect(verifier.verify(other, signature)).toBe(false);
    expect(verifier.verify(text.replace('ct2026-1', 'ct2026-2'), signature)).toBe(false);
    expect(verifier.verify(`${text}extension\n`, signature)).toBe(false);
    expect(verifier.verify('no checkpoint\n', signature)).toBe(false);
  });

  it('refuses every change of a byte, and every length but its own', () => {
    signature.forEach((byte, at) => {
      expect(verifier.verify(text, signature.with(at, byte ^ 1))).toBe(false);
      expect(verifier.verify(text, signature.slice(0, at))).toBe(false);
    });
    expect(verifier.verify(text, concat(signature, Uint8Array.of(0)))).toBe(false);
  });

  it('refuses a time that no clock shows', () => {
    const late = concat(new Uint8Array(8).fill(0xff), signature.slice(8));
    expect(verifier.verify(text, late)).toBe(false);
  });

  it('refuses an origin that cannot stand in a signature line', () => {
    expect(() => ctNoteVerifier('two words', publicKey)).toThrowToolkit('TLOG_KEY');
  });
});

describe('ctCheckpointTime', () => {
  it('is the time in the tree head', () => {
    const verifier = ctNoteVerifier(romeOrigin, romeKey);
    const checkpoint = verifyCheckpoint(romeCheckpoint, { origin: romeOrigin, verifier });
    expect(ctCheckpointTime(checkpoint)?.toISOString()).toBe('2024-03-27T06:03:10.034Z');
  });

  it('is unknown of a Rekor checkpoint, which has none', () => {
    expect(ctCheckpointTime(rekorLog(entryBodies(1)).publishVerified(1))).toBeUndefined();
  });
});
