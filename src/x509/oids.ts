/** Object identifiers of X.509 (RFC 5280) and its algorithms, as dotted decimals. */
export const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInformationAccess: '1.3.6.1.5.5.7.1.1',
  extensionRequest: '1.2.840.113549.1.9.14',
  anyExtendedKeyUsage: '2.5.29.37.0',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  ed25519: '1.3.101.112',
  rsaPss: '1.2.840.113549.1.1.10',
  rsaWithSha256: '1.2.840.113549.1.1.11',
  rsaWithSha384: '1.2.840.113549.1.1.12',
  rsaWithSha512: '1.2.840.113549.1.1.13',
} as const;

const names = new Map<string, string>(Object.entries(oid).map(([name, dotted]) => [dotted, name]));

/** Returns an identifier's name for people, or its numbers where it is none of ours. */
export function nameOfOid(dotted: string): string {
  return names.get(dotted) ?? dotted;
}

/** Extensions that identify keys and places: RFC 5280 forbids marking them critical. */
export function isIdentifierOid(id: string): boolean {
  return id === oid.subjectKeyIdentifier || id === oid.authorityKeyIdentifier || id === oid.authorityInformationAccess;
}
