import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ToolkitError } from '../core/error.ts';
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

/** A key that something else signs with. */
export interface DeviceKey {
  readonly uri: string;
  /** Names the key, or what holds it, in the error. */
  readonly what: string;
  /** E.g. `the token`. */
  readonly device: string;
  readonly publicKey: KeyObject;
  /** Of the error, for programs. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Passes if a signature that came from elsewhere is this key's over `message`.
 * @throws KEY_SIGNATURE_WRONG
 */
export function assertSignature(key: DeviceKey, message: Uint8Array, signature: Uint8Array): void {
  if (verifySignature(key.publicKey, message, signature)) return;
  const { what, device, uri, data } = key;
  throw new ToolkitError('KEY_SIGNATURE_WRONG', {
    message: `${what}: ${device} returned a signature that its own public key does not verify`,
    fault: 'evidence',
    data: { ...data, uri },
    hint: `do not use ${device}, or what lies between it and you, until you know why; keep the evidence`,
  });
}
