import { type KeyObject, verify } from 'node:crypto';
import { utf8 } from '../core/bytes.ts';
import { sha256, spkiOf } from '../core/digest.ts';
import { assertOrigin, curveOf, wrongKey } from './log-key.ts';
import { keyHashBytes, type NoteVerifier } from './note.ts';

const ed25519Type = Uint8Array.of(1);
const ed25519KeyBytes = 32;

/**
 * Returns the 32-byte ID of a Rekor v2 log, as it stands in the trusted root and in each bundle.
 *
 * For Ed25519 it depends on the origin, for ECDSA on the key alone: that is how Rekor and its clients compute it.
 * @throws TLOG_KEY unless the key is Ed25519, ECDSA P-256 or P-384 and the origin can stand in a signature line
 * @see https://c2sp.org/signed-note (Signature types)
 */
export function rekorLogId(origin: string, publicKey: KeyObject): Uint8Array {
  assertOrigin(origin);
  const digest = digestOf(publicKey);
  const spki = spkiOf(publicKey);
  if (digest !== null) return sha256(spki);
  return sha256(utf8(`${origin}\n`), ed25519Type, spki.slice(-ed25519KeyBytes));
}

/**
 * Returns the verifier of a Rekor v2 log's checkpoints: a plain signature over the note's text.
 * @throws TLOG_KEY (see `rekorLogId`)
 */
export function rekorNoteVerifier(origin: string, publicKey: KeyObject): NoteVerifier {
  const digest = digestOf(publicKey);
  return {
    name: origin,
    keyHash: rekorLogId(origin, publicKey).slice(0, keyHashBytes),
    verify: (text, signature) => verify(digest, utf8(text), publicKey, signature),
  };
}

/** Returns the digest that Rekor signs with this kind of key; Ed25519 has none. */
function digestOf(publicKey: KeyObject): 'sha256' | 'sha384' | null {
  if (publicKey.asymmetricKeyType === 'ed25519') return null;
  const curve = curveOf(publicKey);
  if (curve === 'prime256v1') return 'sha256';
  if (curve === 'secp384r1') return 'sha384';
  throw wrongKey('Ed25519, ECDSA P-256 or P-384', publicKey);
}
