import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { ToolkitError } from '../core/error.ts';
import type { SignatureAlgorithm } from '../core/signer.ts';

export const signatureAlgorithms: readonly SignatureAlgorithm[] = ['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'];

const algorithmOfCurve: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: 'ecdsa-p256-sha256',
  secp384r1: 'ecdsa-p384-sha384',
};

/**
 * Returns the algorithm that signatures of this key use.
 * @param what names the key in the error: a path, a role
 * @throws KEY_ALGORITHM for keys that some verifier of this field does not implement
 */
export function algorithmOf(publicKey: KeyObject, what = 'key'): SignatureAlgorithm {
  if (publicKey.asymmetricKeyType === 'ed25519') return 'ed25519';
  const curve = publicKey.asymmetricKeyDetails?.namedCurve ?? '';
  const algorithm = publicKey.asymmetricKeyType === 'ec' ? algorithmOfCurve[curve] : undefined;
  if (algorithm !== undefined) return algorithm;
  const got = [publicKey.asymmetricKeyType ?? publicKey.type, curve].filter(Boolean).join(' ');
  throw new ToolkitError('KEY_ALGORITHM', {
    message: `${what}: expected an ECDSA P-256, ECDSA P-384 or Ed25519 key, got ${got}`,
    fault: 'input',
    data: { what, got },
    hint: 'make a new key: no client of the ecosystem verifies every other kind',
  });
}

/** Returns the digest that `node:crypto` hashes a message with; Ed25519 takes the message as it is. */
export function digestOf(algorithm: SignatureAlgorithm): 'sha256' | 'sha384' | null {
  if (algorithm === 'ed25519') return null;
  return algorithm === 'ecdsa-p384-sha384' ? 'sha384' : 'sha256';
}

const generate = promisify(generateKeyPair);

/** Makes a new private key, off the main thread. */
export async function generatePrivateKey(algorithm: SignatureAlgorithm): Promise<KeyObject> {
  if (algorithm === 'ed25519') return (await generate('ed25519')).privateKey;
  const namedCurve = algorithm === 'ecdsa-p384-sha384' ? 'secp384r1' : 'prime256v1';
  return (await generate('ec', { namedCurve })).privateKey;
}
