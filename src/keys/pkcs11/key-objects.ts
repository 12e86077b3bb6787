import { type KeyObject, X509Certificate } from 'node:crypto';
import { toHex } from '../../core/bytes.ts';
import { ToolkitError } from '../../core/error.ts';
import type { Pkcs11KeyUri } from '../../core/pkcs11-uri.ts';
import { attribute, keyType, objectClass } from './constants.ts';
import { curveOf, publicKeyOf } from './curve.ts';
import type { ObjectHandle, Pkcs11Session } from './session.ts';
import type { Attributes } from './template.ts';

/** What a token says of how it keeps a private key: evidence for whoever enrols it, as good as the token. */
export interface KeyAttributes {
  /** Cannot be read out in plain. */
  readonly sensitive: boolean;
  /** Can be read out wrapped. */
  readonly extractable: boolean;
  readonly alwaysSensitive: boolean;
  readonly neverExtractable: boolean;
  /** Made in the token, not brought there. */
  readonly local: boolean;
  /** Wants the PIN for every signature. */
  readonly alwaysAuthenticate: boolean;
}

/** Which key of a token: both must match where both are given. */
export type KeySelector = Pick<Pkcs11KeyUri, 'object' | 'id'>;

/**
 * Returns the one private key that the selector fits.
 * @param what names the token
 * @throws KEY_OBJECT_NOT_FOUND, KEY_OBJECT_AMBIGUOUS, KEY_ALGORITHM
 */
export function findPrivateKey(session: Pkcs11Session, wanted: KeySelector, what: string): ObjectHandle {
  const found = session.find([[attribute.class, objectClass.privateKey], ...named(wanted)]);
  const [key] = found;
  if (key === undefined) {
    const all = session.find([[attribute.class, objectClass.privateKey]]);
    throw notFound(what, describeSelector(wanted), describeAll(session, all));
  }
  if (found.length > 1) throw ambiguous(what, describeSelector(wanted), describeAll(session, found));
  assertSigningKind(session.readNumber(key, attribute.keyType), what);
  return key;
}

/** Returns the attributes for a search by name. */
export function named({ object, id }: KeySelector): Attributes {
  return [
    [attribute.label, object],
    [attribute.id, id],
  ];
}

/**
 * Returns the public half of a private key, as the token has it: from the public key of the same CKA_ID, else from a
 * certificate. Nothing is proven by it but where to look; a signature proves that the halves belong together.
 * @throws KEY_PUBLIC_MISSING, KEY_PUBLIC_UNREADABLE, KEY_ALGORITHM
 */
export function readPublicKey(session: Pkcs11Session, privateKey: ObjectHandle, what: string): KeyObject {
  const id = session.read(privateKey, attribute.id);
  // Without an id the label has to do.
  const selector = id?.length ? { id } : { object: session.readLabel(privateKey) };
  const [publicKey] = session.find([[attribute.class, objectClass.publicKey], ...named(selector)]);
  const point = publicKey === undefined ? undefined : session.read(publicKey, attribute.ecPoint);
  if (publicKey !== undefined && point !== undefined) {
    const params = session.read(publicKey, attribute.ecParams) ?? session.read(privateKey, attribute.ecParams);
    return publicKeyOf(curveOf(params, what), point, what);
  }
  const [certificate] = session.find([[attribute.class, objectClass.certificate], ...named(selector)]);
  const der = certificate === undefined ? undefined : session.read(certificate, attribute.value);
  if (der === undefined) throw noPublicKey(what, describeSelector(selector));
  return certifiedKey(der, what);
}

/** Reads what the token says of how it keeps a key. What it does not say counts as the worse answer. */
export function readKeyAttributes(session: Pkcs11Session, key: ObjectHandle): KeyAttributes {
  const says = (type: number, otherwise: boolean) => session.readFlag(key, type) ?? otherwise;
  return {
    sensitive: says(attribute.sensitive, false),
    extractable: says(attribute.extractable, true),
    alwaysSensitive: says(attribute.alwaysSensitive, false),
    neverExtractable: says(attribute.neverExtractable, false),
    local: says(attribute.local, false),
    alwaysAuthenticate: says(attribute.alwaysAuthenticate, false),
  };
}

function certifiedKey(der: Uint8Array, what: string): KeyObject {
  try {
    return new X509Certificate(der).publicKey;
  } catch (cause) {
    throw new ToolkitError('KEY_PUBLIC_UNREADABLE', {
      message: `${what}: the certificate beside the key cannot be read`,
      fault: 'environment',
      data: { what },
      hint: 'replace the certificate in the token by one that OpenSSL reads',
      cause,
    });
  }
}

function assertSigningKind(kind: number | undefined, what: string): void {
  if (kind === keyType.ec || kind === keyType.edwards) return;
  const got = kind === 0 ? 'rsa' : `key type ${kind ?? 'unknown'}`;
  throw new ToolkitError('KEY_ALGORITHM', {
    message: `${what}: expected an ECDSA P-256, ECDSA P-384 or Ed25519 key, got ${got}`,
    fault: 'input',
    data: { what, got },
    hint: 'make a new key: no client of the ecosystem verifies every other kind',
  });
}

function describeSelector({ object, id }: KeySelector): string {
  const parts = [object === undefined ? [] : [`object=${object}`], id === undefined ? [] : [`id=${toHex(id)}`]];
  return parts.flat().join(';');
}

function describeAll(session: Pkcs11Session, keys: readonly ObjectHandle[]): readonly string[] {
  return keys.map((key) => {
    const id = session.read(key, attribute.id) ?? new Uint8Array();
    return describeSelector({ object: session.readLabel(key), id });
  });
}

function notFound(what: string, wanted: string, present: readonly string[]): ToolkitError {
  return new ToolkitError('KEY_OBJECT_NOT_FOUND', {
    message: `${what}: no private key ${wanted}; present: ${present.join(', ') || 'none'}`,
    fault: 'input',
    data: { what, wanted, present },
    hint: 'correct object= and id= in the key URI, or put in the token that has this key',
  });
}

function ambiguous(what: string, wanted: string, matching: readonly string[]): ToolkitError {
  return new ToolkitError('KEY_OBJECT_AMBIGUOUS', {
    message: `${what}: expected one private key ${wanted}, got ${matching.join(', ')}`,
    fault: 'input',
    data: { what, wanted, matching },
    hint: 'name the key by id= in the key URI',
  });
}

function noPublicKey(what: string, wanted: string): ToolkitError {
  return new ToolkitError('KEY_PUBLIC_MISSING', {
    message: `${what}: neither a public key nor a certificate ${wanted} stands beside the private key`,
    fault: 'input',
    data: { what, wanted },
    hint: 'import the certificate or the public key into the token, with the CKA_ID of the private key',
  });
}
