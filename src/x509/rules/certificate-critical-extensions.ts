import { type ChainRule, complain } from '../chain-rule.ts';
import { isIdentifierOid, nameOfOid, oid } from '../oids.ts';

/** What both Go and sigstore-python process. Policy constraints, say, only one of them does. */
const understood: readonly string[] = [
  oid.keyUsage,
  oid.basicConstraints,
  oid.extendedKeyUsage,
  oid.nameConstraints,
  oid.subjectAlternativeName,
];

export const certificateCriticalExtensions: ChainRule = {
  id: 'certificate-critical-extensions',
  title: 'every critical extension is one that verifiers understand (Fulcio, the TSA, sigstore-python)',
  check: (chain) =>
    chain.certificates.flatMap((certificate) =>
      certificate.extensions
        .filter(
          (extension) => extension.critical && !isIdentifierOid(extension.oid) && !understood.includes(extension.oid),
        )
        .map((extension) =>
          complain(chain, certificate, `expected the extension ${nameOfOid(extension.oid)} not to be critical`),
        ),
    ),
};
