import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toHex, utf8 } from '../../../src/core/bytes.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import { keyId, parseRoleKey, tufKey, verifiesWith } from '../../../src/tuf/key.ts';
import { freshSigner, seededSigner } from '../../support/root-of-trust.ts';

describe('tufKey', () => {
  it('accepts P-256 as PEM and Ed25519 as hexadecimal', () => {
    const ecdsa = tufKey(seededSigner('alice').publicKey);
    expect(ecdsa).toMatchObject({ keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' });
    expect(ecdsa.keyval.public).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/);
    const ed25519 = tufKey(freshSigner('ed25519').publicKey);
    expect(ed25519).toMatchObject({ keytype: 'ed25519', scheme: 'ed25519' });
    expect(ed25519.keyval.public).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['P-384', () => freshSigner('ecdsa-p384-sha384').publicKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
  ])('refuses %s', (_, key) => {
    expect(() => tufKey(key())).toThrowToolkit('TUF_KEY');
  });
});

describe('keyId', () => {
  it('is the SHA-256 of the canonical key with every field', () => {
    const key = {
      keytype: 'ecdsa',
      scheme: 'ecdsa-sha2-nistp256',
      keyval: {
        public:
          '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVfei1dXQRVeArCMcTDgxJtYg+Fs7\nV87DjhQbGlRJPyC7SW5TbNNkmvpmi4LeTv6moLVZ7T2nVqiRZbSkD+cf8w==\n-----END PUBLIC KEY-----\n',
      },
      'x-tuf-on-ci-online-uri':
        'azurekms://npm-tuf-delegate.vault.azure.net/keys/npm-tuf-delegate-2024-08/e2772c1d01ca400da571096889f1660e',
    };
    // The delegation to npm in the public instance's targets v14.
    expect(keyId(key)).toBe('5e3a4021b11a425fd0a444f1670457ce5b15bbe036144f2417426f7f4b9721da');
    const { 'x-tuf-on-ci-online-uri': _, ...bare } = key;
    expect(keyId(bare)).not.toBe(keyId(key));
  });
});

describe('parseRoleKey', () => {
  const key = tufKey(seededSigner('alice').publicKey);
  const parse = (value: object) => parseRoleKey('id', value as never, 'key');

  it('accepts what it cannot verify, and such a key never counts', () => {
    const p384 = freshSigner('ecdsa-p384-sha384').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const unusable = [
      { ...key, scheme: 'sigstore-oidc', keytype: 'sigstore-oidc' },
      { ...key, keyval: { public: p384 } },
      { ...key, keyval: { public: '04'.padEnd(130, 'a') } },
      { ...key, keyval: { public: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' } },
      { ...key, keyval: { identity: 'x' } },
      { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'AB'.repeat(32) } },
    ].map(parse);
    expect(unusable.map(({ publicKey }) => publicKey)).toEqual(unusable.map(() => undefined));
    expect(unusable.map((k) => verifiesWith(k, utf8('m'), '00'))).toEqual(unusable.map(() => false));
  });

  it('refuses a compressed point, which is the same key in another spelling', () => {
    const uncompressed = spkiOf(seededSigner('alice').publicKey);
    const header = '3039301306072a8648ce3d020106082a8648ce3d030107032200';
    const odd = (uncompressed.at(-1) as number) % 2 === 1;
    const der = Buffer.from(`${header}${odd ? '03' : '02'}${toHex(uncompressed.slice(27, 59))}`, 'hex');
    const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    expect(createPublicKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(parse({ ...key, keyval: { public: pem } }).publicKey).toBeUndefined();
  });

  it.each([
    ['no keytype', { ...key, keytype: 1 }],
    ['no keyval', { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' }],
  ])('refuses %s', (_, value) => {
    expect(() => parse(value)).toThrowToolkit('TUF_METADATA');
  });
});

describe('verifiesWith', () => {
  it.each(['p256', 'ed25519'])('accepts a signature by the %s key and refuses every other', async (kind) => {
    const signer = kind === 'ed25519' ? freshSigner('ed25519') : seededSigner('alice');
    const key = parseRoleKey('id', tufKey(signer.publicKey), 'key');
    const signature = toHex(await signer.sign(utf8('message')));
    expect(verifiesWith(key, utf8('message'), signature)).toBe(true);
    expect(verifiesWith(key, utf8('massage'), signature)).toBe(false);
    for (const wrong of ['', 'zz', signature.slice(2), signature.toUpperCase(), `${signature}00`]) {
      expect(verifiesWith(key, utf8('message'), wrong)).toBe(false);
    }
  });
});
