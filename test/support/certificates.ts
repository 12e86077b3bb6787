import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
} from '@peculiar/asn1-x509';
import { dayMs } from '../../src/core/clock.ts';
import { oid } from '../../src/x509/oids.ts';

/** The time at which the certificates below are looked at. */
export const testNow = new Date('2026-11-22T12:00:00Z');

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ecKey = (namedCurve = 'prime256v1'): KeyPair => generateKeyPairSync('ec', { namedCurve });
export const ed25519Key = (): KeyPair => generateKeyPairSync('ed25519');

const rsaKeys = new Map<number, KeyPair>();

/** Returns the one RSA key of this length: making one takes a while. */
export function rsaKey(modulusLength = 2048): KeyPair {
  const key = rsaKeys.get(modulusLength) ?? generateKeyPairSync('rsa', { modulusLength });
  rsaKeys.set(modulusLength, key);
  return key;
}

/** Returns the public half of `rsaKey` with another exponent; nobody has a private half for it. */
export function rsaPublicKey(exponent: number): KeyObject {
  const jwk = { ...rsaKey().publicKey.export({ format: 'jwk' }), e: Buffer.of(exponent).toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** A certificate that was issued for a test, with the key to go on below it. */
export interface Made {
  readonly der: Uint8Array;
  readonly key: KeyPair;
  readonly subject: Name;
}

/** Everything about a certificate, right or wrong. What is left out is as a good authority would have it. */
export interface Recipe {
  readonly commonName?: string;
  /** Replaces the whole subject. */
  readonly subject?: Name;
  readonly key?: KeyPair;
  /** Only the public half, where no private one exists. */
  readonly publicKey?: KeyObject;
  /** Absent: signed by itself. */
  readonly issuer?: Made;
  readonly issuerName?: Name;
  readonly signingKey?: KeyObject;
  readonly hash?: 'sha1' | 'sha256';
  readonly innerAlgorithm?: string;
  /** Leaves out the NULL that RSA algorithm identifiers have. */
  readonly withoutNull?: boolean;
  readonly version?: number;
  readonly serial?: readonly number[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly generalizedTime?: boolean;
  readonly pathLength?: number | 'leaf';
  readonly purposes?: readonly string[];
  /** Changes the list of extensions. */
  readonly extensions?: (extensions: readonly Extension[]) => readonly Extension[];
}

/** Issues a certificate by a recipe. Nothing is checked: tests want bad ones. */
export function make(recipe: Recipe): Made {
  const key = recipe.key ?? ecKey();
  const subject = recipe.subject ?? nameOf(recipe.commonName ?? 'test');
  const signingKey = recipe.signingKey ?? recipe.issuer?.key.privateKey ?? key.privateKey;
  const algorithm = algorithmOf(signingKey, recipe.hash ?? 'sha256');
  const [notBefore, notAfter] = [recipe.notBefore ?? days(-30), recipe.notAfter ?? days(3650)];
  const tbs = new TBSCertificate({
    version: (recipe.version ?? 3) - 1,
    serialNumber: Uint8Array.from(recipe.serial ?? [0x41, 2, 3, 4, 5, 6, 7, 8]).buffer,
    signature: identifier(recipe.innerAlgorithm ?? algorithm, recipe),
    issuer: recipe.issuerName ?? recipe.issuer?.subject ?? subject,
    validity: new Validity({ notBefore, notAfter }),
    subject,
    subjectPublicKeyInfo: keyInfo(recipe.publicKey ?? key.publicKey),
  });
  if (recipe.generalizedTime) {
    tbs.validity.notBefore = new Time({ generalTime: notBefore });
    tbs.validity.notAfter = new Time({ generalTime: notAfter });
  }
  const extensions = (recipe.extensions ?? ((list) => list))(defaultExtensions(recipe, key));
  if (extensions.length > 0) tbs.extensions = new Extensions([...extensions]);
  const digest = signingKey.asymmetricKeyType === 'ed25519' ? null : (recipe.hash ?? 'sha256');
  const signature = sign(digest, Buffer.from(AsnConvert.serialize(tbs)), signingKey);
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: identifier(algorithm, recipe),
    signatureValue: new Uint8Array(signature).buffer,
  });
  return { der: new Uint8Array(AsnConvert.serialize(certificate)), key, subject };
}

export function days(count: number): Date {
  return new Date(testNow.getTime() + count * dayMs);
}

export function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: oid.commonName, value })])]);
}

export function extension(id: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** Leaves one extension out. */
export const without = (id: string) => (list: readonly Extension[]) => list.filter(({ extnID }) => extnID !== id);

/** Adds an extension, in place of the one with the same identifier. */
export const having = (added: Extension) => (list: readonly Extension[]) => [...without(added.extnID)(list), added];

/** Adds an extension and keeps what is there. */
export const adding = (added: Extension) => (list: readonly Extension[]) => [...list, added];

/** Sets whether an extension is critical. */
export const critical = (id: string, isCritical: boolean) => (list: readonly Extension[]) =>
  list.map((item) => (item.extnID === id ? new Extension({ ...item, critical: isCritical }) : item));

export function keyIdOf(publicKey: KeyObject): Uint8Array {
  return createHash('sha1')
    .update(new Uint8Array(keyInfo(publicKey).subjectPublicKey))
    .digest();
}

export function authorityKeyId(keyId: Uint8Array): Extension {
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId) });
  return extension(oid.authorityKeyIdentifier, false, value);
}

function keyInfo(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

function defaultExtensions(recipe: Recipe, key: KeyPair): readonly Extension[] {
  const { pathLength = 0, purposes, issuer } = recipe;
  const isLeaf = pathLength === 'leaf';
  const usage = isLeaf ? KeyUsageFlags.digitalSignature : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
  const constraints = isLeaf ? {} : { cA: true, pathLenConstraint: pathLength };
  return [
    ...(issuer ? [authorityKeyId(keyIdOf(issuer.key.publicKey))] : []),
    extension(oid.subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdOf(recipe.publicKey ?? key.publicKey))),
    extension(oid.keyUsage, true, new KeyUsage(usage)),
    extension(oid.basicConstraints, true, new BasicConstraints(constraints)),
    ...(purposes ? [extension(oid.extendedKeyUsage, isLeaf, new ExtendedKeyUsage([...purposes]))] : []),
  ];
}

function identifier(algorithm: string, { withoutNull }: Recipe): AlgorithmIdentifier {
  const needsNull = algorithm === oid.rsaWithSha256 && !withoutNull;
  return new AlgorithmIdentifier({ algorithm, ...(needsNull && { parameters: null }) });
}

function algorithmOf(key: KeyObject, hash: 'sha1' | 'sha256'): string {
  if (key.asymmetricKeyType === 'ed25519') return oid.ed25519;
  if (key.asymmetricKeyType === 'rsa') return oid.rsaWithSha256;
  return hash === 'sha1' ? '1.2.840.10045.4.1' : oid.ecdsaWithSha256;
}
