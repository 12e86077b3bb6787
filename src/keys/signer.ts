import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Signer } from '../core/signer.ts';
import { algorithmOf, digestOf } from './algorithm.ts';

/**
 * Returns a `Signer` over a private key that this process holds.
 *
 * `uri` says where the key lives and is shown to people: it must not hold a secret.
 * @throws KEY_ALGORITHM
 */
export function signerOf(privateKey: KeyObject, uri: string): Signer {
  const publicKey = createPublicKey(privateKey);
  const algorithm = algorithmOf(publicKey, uri);
  return {
    uri,
    algorithm,
    publicKey,
    sign: async (message) =>
      new Uint8Array(sign(digestOf(algorithm), message, { key: privateKey, dsaEncoding: 'der' })),
  };
}

/**
 * True if `signature` (DER for ECDSA, 64 bytes for Ed25519) is this key's over `message`.
 * A malformed signature is `false`, as a wrong one is.
 * @throws KEY_ALGORITHM
 */
export function verifySignature(publicKey: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const digest = digestOf(algorithmOf(publicKey));
  return verify(digest, message, { key: publicKey, dsaEncoding: 'der' }, signature);
}
