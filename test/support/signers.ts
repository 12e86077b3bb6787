import { generateKeyPairSync } from 'node:crypto';
import type { SignatureAlgorithm, Signer } from '../../src/core/signer.ts';
import { signerOf } from '../../src/keys/signer.ts';

/** Returns a signer with a new key that is nowhere on disk. */
export function memorySigner(algorithm: SignatureAlgorithm = 'ecdsa-p384-sha384', name = 'test'): Signer {
  if (algorithm === 'ed25519') return signerOf(generateKeyPairSync('ed25519').privateKey, `memory:${name}`);
  const namedCurve = algorithm === 'ecdsa-p384-sha384' ? 'secp384r1' : 'prime256v1';
  return signerOf(generateKeyPairSync('ec', { namedCurve }).privateKey, `memory:${name}`);
}

/** A key store that answers with signatures of another key than the one it shows. */
export function lyingSigner(): Signer {
  const [shown, used] = [memorySigner(), memorySigner()];
  return { ...shown, uri: 'memory:liar', sign: (message) => used.sign(message) };
}
