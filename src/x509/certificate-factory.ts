import { type KeyObject, randomBytes } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, Extensions, type Name, TBSCertificate, Validity, Version } from '@peculiar/asn1-x509';
import { equalBytes } from '../core/bytes.ts';
import { floorToSecond, formatInstant } from '../core/clock.ts';
import { spkiOf } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { Signer } from '../core/signer.ts';
import { parseCertificate } from './certificate.ts';
import { extensionsOf, type Profile, profiles } from './extensions.ts';
import { keyIdOf, keyInfoOf, signatureAlgorithmOf, toBuffer, toDer } from './signed.ts';
import { nameOf, type Subject } from './subject.ts';

export interface Period {
  /** Fractions of a second are dropped. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface RootOptions extends Period {
  readonly subject: Subject;
  readonly signer: Signer;
}

export interface IssueOptions extends Period {
  readonly subject: Subject;
  /** The key that is certified; its private half may be anywhere. */
  readonly publicKey: KeyObject;
  readonly root: { readonly der: Uint8Array; readonly signer: Signer };
}

/**
 * Issues the self-signed root of Fulcio's authority, with room for one intermediate below it.
 * @throws X509_SUBJECT, X509_VALIDITY
 * @throws X509_SIGNATURE if what the signer returned does not verify
 */
export async function issueFulcioRoot(options: RootOptions): Promise<Uint8Array> {
  return await issueRoot(profiles['fulcio-root'], options);
}

/**
 * Issues the certificate that Fulcio signs with: code signing alone, nothing below it but leaves.
 * @throws X509_SUBJECT, X509_VALIDITY, X509_SIGNATURE
 * @throws X509_ISSUER_KEY if the root's certificate and signer are of two keys
 */
export async function issueFulcioIntermediate(options: IssueOptions): Promise<Uint8Array> {
  return await issueBelow(profiles['fulcio-intermediate'], options);
}

/** Issues the self-signed root of a timestamp authority. Throws what `issueFulcioRoot` throws. */
export async function issueTsaRoot(options: RootOptions): Promise<Uint8Array> {
  return await issueRoot(profiles['tsa-root'], options);
}

/** Issues the certificate that a timestamp authority signs with (RFC 3161 §2.3). Throws what `issueFulcioIntermediate` throws. */
export async function issueTsaLeaf(options: IssueOptions): Promise<Uint8Array> {
  return await issueBelow(profiles['tsa-leaf'], options);
}

async function issueRoot(profile: Profile, { subject, signer, ...period }: RootOptions): Promise<Uint8Array> {
  const name = nameOf(subject);
  return await issue(profile, { subject: name, publicKey: signer.publicKey, issuer: { name, signer }, period });
}

async function issueBelow(profile: Profile, options: IssueOptions): Promise<Uint8Array> {
  const { subject, publicKey, root, ...period } = options;
  const parsed = parseCertificate(root.der, 'root certificate');
  if (!equalBytes(spkiOf(parsed.publicKey), spkiOf(root.signer.publicKey))) throw otherKey(root.signer, parsed.label);
  assertWithin(period, { notBefore: parsed.notBefore.at, notAfter: parsed.notAfter.at }, subject.commonName);
  // Byte for byte the root's own subject: verifiers compare names as bytes.
  const { subject: name } = AsnConvert.parse(root.der, Certificate).tbsCertificate;
  const keyId = parsed.subjectKeyId ?? keyIdOf(parsed.publicKey);
  return await issue(profile, {
    subject: nameOf(subject),
    publicKey,
    issuer: { name, keyId, signer: root.signer },
    period,
  });
}

interface Order {
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: Name; readonly keyId?: Uint8Array; readonly signer: Signer };
  readonly period: Period;
}

async function issue(profile: Profile, { subject, publicKey, issuer, period }: Order): Promise<Uint8Array> {
  assertPeriod(period);
  const signature = signatureAlgorithmOf(issuer.signer);
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: toBuffer(randomSerial()),
    signature,
    issuer: issuer.name,
    validity: new Validity({ notBefore: floorToSecond(period.notBefore), notAfter: floorToSecond(period.notAfter) }),
    subject,
    subjectPublicKeyInfo: keyInfoOf(publicKey),
    extensions: new Extensions(extensionsOf(profile, keyIdOf(publicKey), issuer.keyId)),
  });
  const signatureValue = toBuffer(await issuer.signer.sign(toDer(tbs)));
  const der = toDer(new Certificate({ tbsCertificate: tbs, signatureAlgorithm: signature, signatureValue }));
  const issued = parseCertificate(der, 'issued certificate');
  if (!issued.isSignedBy(issuer.signer.publicKey)) throw badSignature(issuer.signer, issued.label);
  return der;
}

/** Returns 158 random bits in 20 octets, the most that RFC 5280 §4.1.2.2 allows: positive, first octet not zero. */
function randomSerial(): Uint8Array {
  const serial = new Uint8Array(randomBytes(20));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
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
    data: { period, issuer },
    hint: 'a certificate that outlives its issuer stops verifying when the issuer expires: choose an earlier end',
  });
}

function formatPeriod({ notBefore, notAfter }: Period): string {
  return `${formatInstant(notBefore)} to ${formatInstant(notAfter)}`;
}

function otherKey(signer: Signer, label: string): ToolkitError {
  return new ToolkitError('X509_ISSUER_KEY', {
    message: `${signer.uri}: expected the key of the certificate ${JSON.stringify(label)}, got another one`,
    fault: 'input',
    data: { signer: signer.uri, certificate: label },
    hint: 'give the root certificate and the root key of the same authority',
  });
}

function badSignature(signer: Signer, label: string): ToolkitError {
  return new ToolkitError('X509_SIGNATURE', {
    message: `${signer.uri}: its signature on the certificate ${JSON.stringify(label)} does not verify`,
    fault: 'evidence',
    data: { signer: signer.uri, certificate: label },
    hint: 'nothing was issued; the key store answered with something other than a signature of this key',
  });
}
