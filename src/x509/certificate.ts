import { type KeyObject, X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as CertificateAsn,
  ExtendedKeyUsage,
  type Extension as ExtensionAsn,
  KeyUsage,
  type Name,
  SubjectKeyIdentifier,
  type Time,
} from '@peculiar/asn1-x509';
import { equalBytes, toBase64 } from '../core/bytes.ts';
import { describeCause, ToolkitError } from '../core/error.ts';
import { oid } from './oids.ts';
import { toDer } from './signed.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface CertificateTime {
  readonly at: Date;
  readonly form: 'UTCTime' | 'GeneralizedTime';
}

/** A certificate as the rules look at it: read once, strictly. */
export interface Certificate {
  readonly der: Uint8Array;
  /** Common name for messages, or the whole subject where there is none. */
  readonly label: string;
  /** 3 for all that are issued today. */
  readonly version: number;
  /** Content of the INTEGER: two's complement, shortest form. */
  readonly serial: Uint8Array;
  /** DER of the names. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: CertificateTime;
  readonly notAfter: CertificateTime;
  readonly publicKey: KeyObject;
  /** Outer and inner signature algorithm (DER of each identifier), which must be the same. */
  readonly signatureAlgorithm: { readonly oid: string; readonly outer: Uint8Array; readonly inner: Uint8Array };
  readonly extensions: readonly Extension[];
  readonly basicConstraints: { readonly isCa: boolean; readonly pathLength: number | undefined } | undefined;
  /** Bits of `KeyUsageFlags`. */
  readonly keyUsage: number | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  /** Identifier of the issuer's key. */
  readonly authorityKeyId: Uint8Array | undefined;
  isSignedBy(publicKey: KeyObject): boolean;
}

/**
 * Parses one certificate. Nothing is verified: see `lint.ts`.
 * @throws X509_CERTIFICATE
 */
export function parseCertificate(der: Uint8Array, what: string): Certificate {
  const bytes = toBase64(der);
  const certificate = known.get(bytes) ?? readStrictly(der, what);
  // Least recently read first.
  known.delete(bytes);
  known.set(bytes, certificate);
  for (const oldest of known.keys()) {
    if (known.size <= maxKnown) break;
    known.delete(oldest);
  }
  // A copy: rules tell the certificates of a chain apart by what they are, and one may stand in it twice.
  return { ...certificate };
}

/** Reading one takes milliseconds, and the same few come again and again: from a file, from JSON, from a server. */
const known = new Map<string, Certificate>();
const maxKnown = 64;

function readStrictly(der: Uint8Array, what: string): Certificate {
  try {
    const native = new X509Certificate(der);
    if (!equalBytes(native.raw, der)) throw new Error('bytes after the certificate');
    return readCertificate(der, native);
  } catch (cause) {
    throw new ToolkitError('X509_CERTIFICATE', {
      message: `${what}: expected an X.509 certificate in DER (${describeCause(cause)})`,
      fault: 'input',
      data: { what },
      hint: 'it is damaged, or something else; openssl x509 -noout -text says what it reads',
      cause,
    });
  }
}

function readCertificate(der: Uint8Array, native: X509Certificate): Certificate {
  const certificate = AsnConvert.parse(der, CertificateAsn);
  const tbs = certificate.tbsCertificate;
  const extensions = [...(tbs.extensions ?? [])];
  return {
    der: new Uint8Array(der),
    label: labelOf(tbs.subject, native),
    version: tbs.version + 1,
    serial: new Uint8Array(tbs.serialNumber),
    subject: toDer(tbs.subject),
    issuer: toDer(tbs.issuer),
    notBefore: timeOf(tbs.validity.notBefore),
    notAfter: timeOf(tbs.validity.notAfter),
    publicKey: native.publicKey,
    signatureAlgorithm: {
      oid: certificate.signatureAlgorithm.algorithm,
      outer: toDer(certificate.signatureAlgorithm),
      inner: toDer(tbs.signature),
    },
    extensions: extensions.map(({ extnID, critical, extnValue }) => ({
      oid: extnID,
      critical,
      value: new Uint8Array(extnValue.buffer),
    })),
    ...readExtensions(extensions),
    isSignedBy: (publicKey) => isSignedBy(native, publicKey),
  };
}

function readExtensions(extensions: readonly ExtensionAsn[]) {
  const read = <T>(id: string, type: new () => T): T | undefined => {
    const found = extensions.find((extension) => extension.extnID === id);
    return found && AsnConvert.parse(found.extnValue.buffer, type);
  };
  const constraints = read(oid.basicConstraints, BasicConstraints);
  const purposes = read(oid.extendedKeyUsage, ExtendedKeyUsage);
  const subjectKeyId = read(oid.subjectKeyIdentifier, SubjectKeyIdentifier);
  const authorityKeyId = read(oid.authorityKeyIdentifier, AuthorityKeyIdentifier)?.keyIdentifier;
  return {
    basicConstraints: constraints && { isCa: constraints.cA, pathLength: constraints.pathLenConstraint },
    keyUsage: flagsOf(read(oid.keyUsage, KeyUsage)),
    extendedKeyUsage: purposes && [...purposes],
    subjectKeyId: subjectKeyId && new Uint8Array(subjectKeyId.buffer),
    authorityKeyId: authorityKeyId && new Uint8Array(authorityKeyId.buffer),
  };
}

/** Bit 0 of the string is flag 1. (The library's own conversion yields NaN for a string without bits.) */
function flagsOf(usage: KeyUsage | undefined): number | undefined {
  if (usage === undefined) return undefined;
  const octets = [...new Uint8Array(usage.value)];
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return [...bits].reduce((flags, bit, index) => flags | (bit === '1' ? 1 << index : 0), 0);
}

function timeOf(time: Time): CertificateTime {
  return { at: time.getTime(), form: time.utcTime ? 'UTCTime' : 'GeneralizedTime' };
}

function labelOf(subject: Name, native: X509Certificate): string {
  const attributes = [...subject].flatMap((part) => [...part]);
  const commonName = attributes.find((attribute) => attribute.type === oid.commonName);
  return commonName?.value.toString() ?? (native.subject ?? 'without a name').replaceAll('\n', ', ');
}

function isSignedBy(native: X509Certificate, publicKey: KeyObject): boolean {
  try {
    return native.verify(publicKey);
  } catch {
    // OpenSSL throws for a key of another kind than the signature.
    return false;
  }
}
