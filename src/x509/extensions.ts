import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { oid } from './oids.ts';

/** The extensions of a certificate that depend on what it is for. */
export interface Profile {
  /** Certificate authorities that may follow below; `'leaf'` for a certificate that issues none. */
  readonly pathLength: number | 'leaf';
  /** The one purpose, of what it signs or (for an authority) of what it may issue. */
  readonly purpose?: { readonly oid: string; readonly critical: boolean };
}

/** What each of our certificates is for. Fulcio, the TSA and the clients demand these values (see `rules/`). */
export const profiles = {
  'fulcio-root': { pathLength: 1 },
  // Critical would be refused by sigstore-python.
  'fulcio-intermediate': { pathLength: 0, purpose: { oid: oid.codeSigning, critical: false } },
  'tsa-root': { pathLength: 0 },
  // RFC 3161 §2.3 wants it critical and alone.
  'tsa-leaf': { pathLength: 'leaf', purpose: { oid: oid.timeStamping, critical: true } },
  // With room for a cross-certificate above the intermediate: an offline root is followed by another one some day.
  'fulcio-offline-root': { pathLength: 2 },
  'tsa-offline-root': { pathLength: 2 },
  'fulcio-cross': { pathLength: 1, purpose: { oid: oid.codeSigning, critical: false } },
  'tsa-cross': { pathLength: 1, purpose: { oid: oid.timeStamping, critical: false } },
  'tsa-intermediate': { pathLength: 0, purpose: { oid: oid.timeStamping, critical: false } },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

/** Returns the extensions of a profile for a subject key, in the order of RFC 5280 §4.2.1. */
export function extensionsOf(profile: Profile, subjectKeyId: Uint8Array, issuerKeyId?: Uint8Array): Extension[] {
  const isLeaf = profile.pathLength === 'leaf';
  const usage = isLeaf ? KeyUsageFlags.digitalSignature : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
  const constraints = isLeaf ? {} : { cA: true, pathLenConstraint: Number(profile.pathLength) };
  return [
    ...(issuerKeyId ? [extension(oid.authorityKeyIdentifier, false, keyIdOfIssuer(issuerKeyId))] : []),
    extension(oid.subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyId)),
    extension(oid.keyUsage, true, new KeyUsage(usage)),
    extension(oid.basicConstraints, true, new BasicConstraints(constraints)),
    ...(profile.purpose
      ? [extension(oid.extendedKeyUsage, profile.purpose.critical, new ExtendedKeyUsage([profile.purpose.oid]))]
      : []),
  ];
}

function keyIdOfIssuer(issuerKeyId: Uint8Array): AuthorityKeyIdentifier {
  return new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(issuerKeyId) });
}

function extension(extnID: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}
