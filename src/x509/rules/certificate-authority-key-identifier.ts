import { equalBytes } from '../../core/bytes.ts';
import type { Complaint } from '../../core/rules.ts';
import { type ChainRule, complain, type Link, type LintedChain, linksOf } from '../chain-rule.ts';

export const certificateAuthorityKeyIdentifier: ChainRule = {
  id: 'certificate-authority-key-identifier',
  title:
    'every certificate names its issuer’s key by identifier (RFC 5280 §4.2.1.1; sigstore-js and OpenSSL find the issuer by it)',
  check: (chain) => linksOf(chain).flatMap((link) => checkLink(chain, link)),
};

function checkLink(chain: LintedChain, { certificate, issuer }: Link): readonly Complaint[] {
  const named = certificate.authorityKeyId;
  if (named === undefined)
    return [complain(chain, certificate, 'expected an authority key identifier with the issuer’s key id')];
  if (issuer.subjectKeyId && !equalBytes(named, issuer.subjectKeyId)) {
    return [complain(chain, certificate, `expected the key id of ${JSON.stringify(issuer.label)}, got another one`)];
  }
  return [];
}
