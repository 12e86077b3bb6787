import { type ChainRule, complain } from '../chain-rule.ts';
import { keyWeakness } from '../good-key.ts';

export const chainKeyStrength: ChainRule = {
  id: 'chain-key-strength',
  title: 'the key of the first certificate passes sigstore’s key policy (Fulcio and the TSA, at start)',
  check: (chain) => {
    const [first] = chain.certificates;
    const weakness = first && keyWeakness(first.publicKey);
    return first && weakness ? [complain(chain, first, weakness, 'make a new key and have it certified')] : [];
  },
};
