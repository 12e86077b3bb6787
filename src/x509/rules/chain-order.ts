import { equalBytes } from '../../core/bytes.ts';
import { type ChainRule, complain, linksOf } from '../chain-rule.ts';

export const chainOrder: ChainRule = {
  id: 'chain-order',
  title: 'each certificate names the next one as its issuer (Fulcio and the TSA compare the names as bytes)',
  check: (chain) =>
    linksOf(chain)
      .filter(({ certificate, issuer }) => !equalBytes(certificate.issuer, issuer.subject))
      .map(({ certificate, issuer }) =>
        complain(
          chain,
          certificate,
          `expected to be followed by its issuer, got ${JSON.stringify(issuer.label)}`,
          'order the chain from the first certificate to the root, without gaps',
        ),
      ),
};
