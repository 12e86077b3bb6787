import type { KeyObject } from 'node:crypto';

/** Algorithms that every verifier of this field implements. */
export type SignatureAlgorithm = 'ecdsa-p256-sha256' | 'ecdsa-p384-sha384' | 'ed25519';

/**
 * A private key that signs and cannot be read: a file, a token, a KMS key.
 * Adapters live in `src/keys`; nothing else knows where a key lives.
 */
export interface Signer {
  /** Where the key lives, e.g. `file:/path/key.pem`. Never holds a secret. */
  readonly uri: string;
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: KeyObject;
  /** Signs `message` (hashing is the signer's part). ECDSA signatures are DER, Ed25519 ones 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}
