import { createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmOf } from '../algorithm.ts';
import { contentOf, derTag, readDer, readSequence } from '../der.ts';
import { attribute } from './constants.ts';
import { type Curve, curves, pointOf } from './curve.ts';
import { readKeyAttributes } from './key-objects.ts';
import { type NewKeyOptions, privateTemplate, publicTemplate, type TokenKey, withNewName } from './new-key.ts';

/**
 * Brings a private key into a token, to restore a backup. The token cannot vouch that there is no other copy: its
 * `local`, `alwaysSensitive` and `neverExtractable` are false from then on.
 * @throws KEY_ALGORITHM, KEY_TOKEN_LABEL_TAKEN, KEY_TOKEN_MECHANISM
 * @throws what `openPkcs11Signer` throws of tokens and PINs
 */
export async function importPrivateKey(options: NewKeyOptions & { readonly privateKey: KeyObject }): Promise<TokenKey> {
  const publicKey = createPublicKey(options.privateKey);
  const curve = curves[algorithmOf(publicKey, options.label)];
  return await withNewName(options, async (session, name) => {
    const value = privateValueOf(options.privateKey, curve);
    try {
      // The public half first: what a refused import leaves behind is then no secret.
      session.createObject([...publicTemplate(curve, name), [attribute.ecPoint, pointOf(curve, publicKey)]]);
      const privateKey = session.createObject([
        ...privateTemplate(curve, name),
        [attribute.ecParams, curve.params],
        [attribute.value, value],
      ]);
      return { publicKey, keyAttributes: readKeyAttributes(session, privateKey) };
    } finally {
      value.fill(0);
    }
  });
}

/** Returns the secret number (SEC 1 §C.4) or the seed (RFC 8410 §7), in bytes that the caller overwrites. */
function privateValueOf(privateKey: KeyObject, { algorithm }: Curve): Uint8Array {
  const isSeed = algorithm === 'ed25519';
  const der = privateKey.export({ type: isSeed ? 'pkcs8' : 'sec1', format: 'der' });
  try {
    const octets = contentOf(readSequence(readDer(der))[isSeed ? 2 : 1], derTag.octetString);
    return Uint8Array.from(isSeed ? contentOf(readDer(octets), derTag.octetString) : octets);
  } finally {
    der.fill(0);
  }
}
