import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { algorithmOf } from '../../../src/keys/algorithm.ts';
import { signerOf, verifySignature } from '../../../src/keys/signer.ts';
import { memorySigner } from '../../support/signers.ts';

const message = utf8('message');

describe('signerOf', () => {
  it('signs ECDSA in DER and Ed25519 in 64 bytes', async () => {
    expect((await memorySigner('ecdsa-p256-sha256').sign(message))[0]).toBe(0x30);
    expect((await memorySigner('ecdsa-p384-sha384').sign(message))[0]).toBe(0x30);
    expect(await memorySigner('ed25519').sign(message)).toHaveLength(64);
  });

  it('refuses a key that not every client verifies, naming it', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
    expect(() => signerOf(privateKey, 'file:/k.pem')).toThrowToolkit('KEY_ALGORITHM', { what: 'file:/k.pem' });
  });
});

describe('verifySignature', () => {
  it.each(['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'] as const)(
    'accepts a signature of %s and refuses another message, another key and junk',
    async (algorithm) => {
      const signer = memorySigner(algorithm);
      const signature = await signer.sign(message);
      expect(verifySignature(signer.publicKey, message, signature)).toBe(true);
      expect(verifySignature(signer.publicKey, utf8('massage'), signature)).toBe(false);
      expect(verifySignature(memorySigner(algorithm).publicKey, message, signature)).toBe(false);
      for (const junk of [new Uint8Array(), new Uint8Array(64), utf8('junk'), signature.slice(1)]) {
        expect(verifySignature(signer.publicKey, message, junk)).toBe(false);
      }
    },
  );
});

describe('algorithmOf', () => {
  it('refuses RSA', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(() => algorithmOf(publicKey, 'log key')).toThrowToolkit('KEY_ALGORITHM', { what: 'log key', got: 'rsa' });
  });
});
