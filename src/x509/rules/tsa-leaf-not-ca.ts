import { type ChainRule, complain } from '../chain-rule.ts';

export const tsaLeafNotCa: ChainRule = {
  id: 'tsa-leaf-not-ca',
  title: 'the certificate that signs timestamps is no authority (TSA, at start)',
  check: (chain) => {
    const [leaf] = chain.certificates;
    return leaf?.basicConstraints?.isCa
      ? [
          complain(
            chain,
            leaf,
            'expected an end-entity certificate, got an authority',
            'put the leaf first, the root last',
          ),
        ]
      : [];
  },
};
