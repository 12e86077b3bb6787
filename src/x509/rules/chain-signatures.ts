import { type ChainRule, complain, linksOf } from '../chain-rule.ts';

export const chainSignatures: ChainRule = {
  id: 'chain-signatures',
  title: 'each certificate is signed with the key of the next one (every verifier)',
  check: (chain) =>
    linksOf(chain)
      .filter(({ certificate, issuer }) => !certificate.isSignedBy(issuer.publicKey))
      .map(({ certificate, issuer }) =>
        complain(chain, certificate, `expected a signature by the key of ${JSON.stringify(issuer.label)}`),
      ),
};
