import { type ChainRule, complain } from '../chain-rule.ts';

export const chainPathLength: ChainRule = {
  id: 'chain-path-length',
  title: 'no authority has more authorities below it than its path length allows (every verifier)',
  check: (chain) => {
    const leaves = chain.use === 'tsa' ? 1 : 0;
    return chain.certificates.flatMap((certificate, index) => {
      const allowed = certificate.basicConstraints?.pathLength;
      const below = index - leaves;
      if (allowed === undefined || below <= allowed) return [];
      return [complain(chain, certificate, `expected at most ${allowed} authorities below it, got ${below}`)];
    });
  },
};
