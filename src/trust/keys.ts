import { createPublicKey, type KeyObject } from 'node:crypto';
import { equalBytes, toBase64 } from '../core/bytes.ts';
import { sha256Hex, spkiOf } from '../core/digest.ts';
import { describeCause, ToolkitError } from '../core/error.ts';
import type { CertificateChain } from '../x509/chain.ts';

/** Name of a key in messages: the SHA-256 of its SPKI, in hex. */
export function keyIdOf(publicKey: KeyObject): string {
  return sha256Hex(spkiOf(publicKey));
}

/** Name of an authority in messages: the SHA-256 of its first certificate, in hex. */
export function certificateIdOf(chain: CertificateChain): string {
  return sha256Hex(...chain.der.slice(0, 1));
}

/** Shortens an ID for a sentence; eight digits are enough to find it in the file. */
export function shortId(id: string): string {
  return `${id.slice(0, 8)}…`;
}

const detailsOfCurve: Readonly<Record<string, string>> = {
  prime256v1: 'PKIX_ECDSA_P256_SHA_256',
  secp384r1: 'PKIX_ECDSA_P384_SHA_384',
  secp521r1: 'PKIX_ECDSA_P521_SHA_512',
};

/** Returns what `keyDetails` says of this key in a trusted root, or `undefined` for kinds that no log uses. */
export function keyDetailsOf(publicKey: KeyObject): string | undefined {
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType === 'ed25519') return 'PKIX_ED25519';
  if (publicKey.asymmetricKeyType === 'ec') return detailsOfCurve[namedCurve ?? ''];
  if (publicKey.asymmetricKeyType === 'rsa') return `PKIX_RSA_PKCS1V15_${modulusLength}_SHA256`;
  return undefined;
}

/**
 * Parses a DER `SubjectPublicKeyInfo`, and nothing after it.
 * @throws TRUST_FORMAT
 */
export function parseSpki(der: Uint8Array): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    if (equalBytes(spkiOf(key), der)) return key;
  } catch (cause) {
    throw malformed(`expected a DER public key (${describeCause(cause)}), got ${excerpt(der)}`, cause);
  }
  throw malformed(`expected a DER public key and nothing else, got ${excerpt(der)}`);
}

function excerpt(der: Uint8Array): string {
  const text = toBase64(der);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text || 'nothing';
}

function malformed(message: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TRUST_FORMAT', { message, fault: 'input', cause });
}
