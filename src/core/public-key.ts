import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * Returns the public key of a PEM text that is exactly what we would write for it, or `undefined`. A private key, whose
 * public half Node would take, is none.
 */
export function parsePublicKeyPem(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.export({ type: 'spki', format: 'pem' }).toString() === pem ? key : undefined;
  } catch {
    // Not PEM, or no key in it.
    return undefined;
  }
}
