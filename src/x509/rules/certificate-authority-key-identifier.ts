import { equalBytes } from '../../core/bytes.ts';
import type { Complaint } from '../../core/rules.ts';
import { type ChainRule, complain, type Link, type LintedChain, linksOf } from '../chain-rule.ts';

export const certificateAuthorityKeyIdentifier: ChainRule = {
  id: 'certificate-authority-key-identifier',
  title: 'every certificate names its issuer’s key by identifier and by nothing else (OpenSSL, sigstore-python)',
  check: (chain) => linksOf(chain).flatMap((link) => checkLink(chain, link)),
};

function checkLink(chain: LintedChain, { certificate, issuer }: Link): readonly Complaint[] {
  const named = certificate.authorityKeyId;
  if (!named?.keyId)
    return [complain(chain, certificate, 'expected an authority key identifier with the issuer’s key id')];
  if (named.namesCertificate) {
    return [complain(chain, certificate, 'expected the key id alone, got the issuer’s name and serial number too')];
  }
  if (issuer.subjectKeyId && !equalBytes(named.keyId, issuer.subjectKeyId)) {
    return [complain(chain, certificate, `expected the key id of ${JSON.stringify(issuer.label)}, got another one`)];
  }
  return [];
}
