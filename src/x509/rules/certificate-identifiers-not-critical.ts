import { type ChainRule, complain } from '../chain-rule.ts';
import { isIdentifierOid, nameOfOid } from '../oids.ts';

export const certificateIdentifiersNotCritical: ChainRule = {
  id: 'certificate-identifiers-not-critical',
  title:
    'key identifiers and authority information are not critical (Go cannot read the certificate, sigstore-python refuses it)',
  check: (chain) =>
    chain.certificates.flatMap((certificate) =>
      certificate.extensions
        .filter((extension) => extension.critical && isIdentifierOid(extension.oid))
        .map((extension) => complain(chain, certificate, `expected ${nameOfOid(extension.oid)} not to be critical`)),
    ),
};
