import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { concat, equalBytes, parseHex, toHex, utf8 } from '../../core/bytes.ts';
import { ToolkitError } from '../../core/error.ts';
import type { SignatureAlgorithm } from '../../core/signer.ts';
import { contentOf, DerError, derTag, readDer, writeDer, writeOid } from '../der.ts';
import { keyType, mechanism } from './constants.ts';

/** What PKCS#11 calls the things that an algorithm of ours needs. */
export interface Curve {
  readonly algorithm: SignatureAlgorithm;
  readonly jwkName: string;
  /** Bytes of a coordinate, of r and of s; for Ed25519 of the key. */
  readonly bytes: number;
  readonly keyType: number;
  readonly generate: number;
  readonly sign: number;
  /** CKA_EC_PARAMS as we write it, and other forms in which tokens name the same curve. */
  readonly params: Uint8Array;
  readonly otherParams: readonly Uint8Array[];
}

const ecdsa = { keyType: keyType.ec, generate: mechanism.generateEc, sign: mechanism.ecdsa, otherParams: [] };
const printableString = 0x13;

export const curves: Readonly<Record<SignatureAlgorithm, Curve>> = {
  'ecdsa-p256-sha256': {
    ...ecdsa,
    algorithm: 'ecdsa-p256-sha256',
    jwkName: 'P-256',
    bytes: 32,
    params: writeOid('1.2.840.10045.3.1.7'),
  },
  'ecdsa-p384-sha384': {
    ...ecdsa,
    algorithm: 'ecdsa-p384-sha384',
    jwkName: 'P-384',
    bytes: 48,
    params: writeOid('1.3.132.0.34'),
  },
  ed25519: {
    algorithm: 'ed25519',
    jwkName: 'Ed25519',
    bytes: 32,
    keyType: keyType.edwards,
    generate: mechanism.generateEdwards,
    sign: mechanism.eddsa,
    params: writeOid('1.3.101.112'),
    // The name that PKCS#11 3.0 §2.3.5 gives, and the number that GnuPG gave before there was another.
    otherParams: [writeDer(printableString, utf8('edwards25519')), writeOid('1.3.6.1.4.1.11591.15.1')],
  },
};

/**
 * Returns the curve that CKA_EC_PARAMS names.
 * @throws KEY_ALGORITHM
 */
export function curveOf(params: Uint8Array | undefined, what: string): Curve {
  const curve = Object.values(curves).find((one) =>
    [one.params, ...one.otherParams].some((known) => params !== undefined && equalBytes(known, params)),
  );
  if (curve !== undefined) return curve;
  const got = params === undefined ? 'no curve' : `EC parameters ${toHex(params)}`;
  throw new ToolkitError('KEY_ALGORITHM', {
    message: `${what}: expected an ECDSA P-256, ECDSA P-384 or Ed25519 key, got ${got}`,
    fault: 'input',
    data: { what, got },
    hint: 'make a new key: no client of the ecosystem verifies every other kind',
  });
}

/**
 * Returns the public key that CKA_EC_POINT holds: in an OCTET STRING as the specification has it, or bare.
 * @throws KEY_PUBLIC_UNREADABLE
 */
export function publicKeyOf(curve: Curve, point: Uint8Array, what: string): KeyObject {
  try {
    return createPublicKey({ key: jwkOf(curve, unwrap(curve, point)), format: 'jwk' });
  } catch (cause) {
    throw new ToolkitError('KEY_PUBLIC_UNREADABLE', {
      message: `${what}: the token's public key is not a point of ${curve.jwkName} (${toHex(point.subarray(0, 128))})`,
      fault: 'environment',
      data: { what, curve: curve.jwkName },
      hint: 'use a newer module for this token, or import the certificate of the key into it',
      cause,
    });
  }
}

/** Returns CKA_EC_POINT of a public key. */
export function pointOf(curve: Curve, publicKey: KeyObject): Uint8Array {
  const { x, y } = publicKey.export({ format: 'jwk' });
  const coordinates = [x, y].map((text) => Buffer.from(text ?? '', 'base64url'));
  return writeDer(derTag.octetString, isEdwards(curve) ? Uint8Array.of() : uncompressed, ...coordinates);
}

const uncompressed = parseHex('04');

function isEdwards(curve: Curve): boolean {
  return curve.keyType === keyType.edwards;
}

function unwrap(curve: Curve, point: Uint8Array): Uint8Array {
  const bare = isEdwards(curve) ? curve.bytes : 1 + 2 * curve.bytes;
  const content = point.length === bare ? point : contentOf(readDer(point), derTag.octetString);
  if (content.length !== bare) throw new DerError(`expected a point of ${bare} bytes, got ${content.length}`);
  return content;
}

function jwkOf(curve: Curve, point: Uint8Array): JsonWebKey {
  const part = (from: number) => Buffer.from(point.subarray(from, from + curve.bytes)).toString('base64url');
  if (isEdwards(curve)) return { kty: 'OKP', crv: curve.jwkName, x: part(0) };
  if (!equalBytes(point.subarray(0, 1), uncompressed)) throw new DerError('expected an uncompressed point');
  return { kty: 'EC', crv: curve.jwkName, x: part(1), y: part(1 + curve.bytes) };
}

/**
 * Returns the signature as `Signer` has it: r and s, which tokens write one after the other, as DER.
 * Tokens that leave out leading zeros of both are understood. What this returns is not verified yet.
 */
export function signatureOf(curve: Curve, raw: Uint8Array): Uint8Array {
  if (isEdwards(curve)) return raw;
  const half = Math.ceil(raw.length / 2);
  return writeDer(derTag.sequence, unsignedInteger(raw.subarray(0, half)), unsignedInteger(raw.subarray(half)));
}

function unsignedInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0;
  return writeDer(derTag.integer, isNegative ? concat(Uint8Array.of(0), digits) : digits);
}
