import type { ChainRule } from '../chain-rule.ts';

export const tsaChainLength: ChainRule = {
  id: 'tsa-chain-length',
  title: 'a timestamp authority has a leaf and a root at least (TSA, at start)',
  check: (chain) =>
    chain.certificates.length >= 2
      ? []
      : [
          {
            where: 'chain',
            message: `expected at least 2 certificates, got ${chain.certificates.length}`,
            hint: 'append the certificate of the authority that issued the leaf',
          },
        ],
};
