import { type ChainRule, complain } from '../chain-rule.ts';

export const fulcioRootOffline: ChainRule = {
  id: 'fulcio-root-offline',
  title: 'Fulcio signs with an intermediate, so that the root’s key stays offline (sigstead)',
  severity: 'warning',
  check: (chain) => {
    const [only, ...others] = chain.certificates;
    if (only === undefined || others.length > 0) return [];
    return [
      complain(
        chain,
        only,
        'expected an intermediate below the root, got the root alone',
        'a root whose key is online cannot be replaced without a new root of trust',
      ),
    ];
  },
};
