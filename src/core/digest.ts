import { createHash, type KeyObject } from 'node:crypto';
import { toHex } from './bytes.ts';

export function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function sha256Hex(...parts: readonly (Uint8Array | string)[]): string {
  return toHex(sha256(...parts));
}

/** Returns the DER `SubjectPublicKeyInfo` of a public key. */
export function spkiOf(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
}
