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

/** A key never changes, and OpenSSL takes longer to write one down than to hash it. */
const spkis = new WeakMap<KeyObject, Uint8Array>();

/** Returns the DER `SubjectPublicKeyInfo` of a public key; the same bytes each time, not to be written to. */
export function spkiOf(publicKey: KeyObject): Uint8Array {
  const known = spkis.get(publicKey) ?? new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  spkis.set(publicKey, known);
  return known;
}
