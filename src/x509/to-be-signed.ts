import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  Certificate,
  Extensions,
  type Name,
  SubjectKeyIdentifier,
  type SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { floorToSecond, formatInstant } from '../core/clock.ts';
import { ToolkitError } from '../core/error.ts';
import type { SignatureAlgorithm, Signer } from '../core/signer.ts';
import { parseCertificate } from './certificate.ts';
import { extensionsOf, type ProfileName, profiles } from './extensions.ts';
import { oid } from './oids.ts';
import { keyIdOf, keyInfoOf, signatureAlgorithmOf, toBuffer, toDer } from './signed.ts';
import { nameOf, type Subject } from './subject.ts';

export interface Period {
  /** Fractions of a second are dropped. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What every certificate says, whoever it is for. */
export interface Terms extends Period {
  readonly profile: ProfileName;
  /** Positive, of at most 20 octets: see `randomSerial`. */
  readonly serial: Uint8Array;
  /** Of the key that signs. */
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Returns the bytes to sign for a self-signed root. The same terms give the same bytes: nothing is drawn or timed here.
 * @throws X509_SUBJECT, X509_VALIDITY
 */
export function rootTbs(terms: Terms, subject: Subject, publicKey: KeyObject): Uint8Array {
  const name = nameOf(subject);
  return toBeSigned(terms, { subject: name, key: keyInfoOf(publicKey), keyId: keyIdOf(publicKey), issuer: name });
}

/**
 * Returns the bytes to sign for a certificate below `issuer` (DER), whose period must contain it.
 * @throws X509_SUBJECT, X509_VALIDITY, X509_CERTIFICATE
 */
export function issuedTbs(
  terms: Terms,
  {
    subject,
    publicKey,
    issuer,
  }: { readonly subject: Subject; readonly publicKey: KeyObject; readonly issuer: Uint8Array },
): Uint8Array {
  const about = { subject: nameOf(subject), key: keyInfoOf(publicKey), keyId: keyIdOf(publicKey) };
  return toBeSigned(terms, { ...about, ...issuerOf(terms, subject.commonName, issuer) });
}

/**
 * Returns the bytes to sign for a cross-certificate: `issuer` vouches for the name and key of `root` (both DER), taken
 * over byte for byte, so that a chain that ends at either root is found.
 *
 * The caller has checked that `root` is one to vouch for.
 * @throws X509_VALIDITY, X509_CERTIFICATE
 */
export function crossTbs(
  terms: Terms,
  { root, issuer }: { readonly root: Uint8Array; readonly issuer: Uint8Array },
): Uint8Array {
  const parsed = parseCertificate(root, 'root certificate');
  const { subject, subjectPublicKeyInfo: key } = AsnConvert.parse(root, Certificate).tbsCertificate;
  const about = { subject, key, keyId: parsed.subjectKeyId ?? keyIdOf(parsed.publicKey) };
  return toBeSigned(terms, { ...about, ...issuerOf(terms, parsed.label, issuer) });
}

/**
 * Signs a certificate, and returns it in DER once node:crypto has read it back and verified it.
 * @throws X509_SIGNATURE if what the signer returned does not verify
 */
export async function signTbs(tbs: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const signatureValue = toBuffer(await signer.sign(tbs));
  const tbsCertificate = AsnConvert.parse(tbs, TBSCertificate);
  const signatureAlgorithm = signatureAlgorithmOf(signer.algorithm);
  const der = toDer(new Certificate({ tbsCertificate, signatureAlgorithm, signatureValue }));
  const issued = parseCertificate(der, 'issued certificate');
  if (!issued.isSignedBy(signer.publicKey)) throw badSignature(signer, issued.label);
  return der;
}

/** Returns the bytes of a certificate (DER) that its issuer signed. */
export function tbsOf(der: Uint8Array): Uint8Array {
  return toDer(AsnConvert.parse(der, Certificate).tbsCertificate);
}

/**
 * Returns the bytes to sign with zeros for what depends on the key: the bits of the public key and its identifier.
 * Two roots that differ in nothing else have the same.
 */
export function tbsWithoutKey(tbs: Uint8Array): Uint8Array {
  const parsed = AsnConvert.parse(tbs, TBSCertificate);
  const { subjectPublicKeyInfo: key, extensions } = parsed;
  key.subjectPublicKey = new ArrayBuffer(key.subjectPublicKey.byteLength);
  const keyId = extensions?.find(({ extnID }) => extnID === oid.subjectKeyIdentifier);
  if (keyId) keyId.extnValue.buffer = AsnConvert.serialize(new SubjectKeyIdentifier(new Uint8Array(20)));
  return toDer(parsed);
}

/**
 * Returns the bytes to sign of a self-signed certificate (DER) with another key in it and all else as it is, the key
 * identifier too. For an issuer that stands in for the real one while a certificate is linted.
 */
export function tbsWithKey(der: Uint8Array, publicKey: KeyObject): Uint8Array {
  const { tbsCertificate } = AsnConvert.parse(der, Certificate);
  tbsCertificate.subjectPublicKeyInfo = keyInfoOf(publicKey);
  return toDer(tbsCertificate);
}

/** Returns the public key that bytes to sign certify. */
export function publicKeyOfTbs(tbs: Uint8Array): KeyObject {
  const { subjectPublicKeyInfo } = AsnConvert.parse(tbs, TBSCertificate);
  return createPublicKey({ key: Buffer.from(toDer(subjectPublicKeyInfo)), format: 'der', type: 'spki' });
}

/** Returns 158 random bits in 20 octets, the most that RFC 5280 §4.1.2.2 allows: positive, first octet not zero. */
export function randomSerial(): Uint8Array {
  const serial = new Uint8Array(randomBytes(20));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

interface About {
  readonly subject: Name;
  readonly key: SubjectPublicKeyInfo;
  readonly keyId: Uint8Array;
  readonly issuer: Name;
  /** Absent in a root. */
  readonly issuerKeyId?: Uint8Array;
}

function toBeSigned(terms: Terms, { subject, key, keyId, issuer, issuerKeyId }: About): Uint8Array {
  assertPeriod(terms);
  const { profile, serial, algorithm, notBefore, notAfter } = terms;
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: toBuffer(serial),
    signature: signatureAlgorithmOf(algorithm),
    issuer,
    validity: new Validity({ notBefore: floorToSecond(notBefore), notAfter: floorToSecond(notAfter) }),
    subject,
    subjectPublicKeyInfo: key,
    extensions: new Extensions(extensionsOf(profiles[profile], keyId, issuerKeyId)),
  });
  return toDer(tbs);
}

/** Byte for byte the issuer's own subject: verifiers compare names as bytes. */
function issuerOf(period: Period, what: string, der: Uint8Array): Pick<About, 'issuer' | 'issuerKeyId'> {
  const parsed = parseCertificate(der, 'issuer certificate');
  assertWithin(period, { notBefore: parsed.notBefore.at, notAfter: parsed.notAfter.at }, what);
  const { subject } = AsnConvert.parse(der, Certificate).tbsCertificate;
  return { issuer: subject, issuerKeyId: parsed.subjectKeyId ?? keyIdOf(parsed.publicKey) };
}

function assertPeriod({ notBefore, notAfter }: Period): void {
  if (notBefore.getTime() < notAfter.getTime()) return;
  throw new ToolkitError('X509_VALIDITY', {
    message: `expected notAfter after notBefore ${formatInstant(notBefore)}, got ${formatInstant(notAfter)}`,
    fault: 'caller',
    data: { notBefore, notAfter },
  });
}

function assertWithin(period: Period, issuer: Period, what: string): void {
  const starts = floorToSecond(period.notBefore).getTime() >= issuer.notBefore.getTime();
  if (starts && floorToSecond(period.notAfter).getTime() <= issuer.notAfter.getTime()) return;
  throw new ToolkitError('X509_VALIDITY', {
    message: `${what}: expected a validity within its issuer's, ${formatPeriod(issuer)}, got ${formatPeriod(period)}`,
    fault: 'input',
    data: { period: { notBefore: period.notBefore, notAfter: period.notAfter }, issuer },
    hint: 'a certificate that outlives its issuer stops verifying when the issuer expires: choose an earlier end',
  });
}

function formatPeriod({ notBefore, notAfter }: Period): string {
  return `${formatInstant(notBefore)} to ${formatInstant(notAfter)}`;
}

function badSignature(signer: Signer, label: string): ToolkitError {
  return new ToolkitError('X509_SIGNATURE', {
    message: `${signer.uri}: its signature on the certificate ${JSON.stringify(label)} does not verify`,
    fault: 'evidence',
    data: { signer: signer.uri, certificate: label },
    hint: 'nothing was issued; the key store answered with something other than a signature of this key',
  });
}
