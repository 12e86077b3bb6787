import { type ChainRule, complain } from '../chain-rule.ts';

export const chainFirstKey: ChainRule = {
  id: 'chain-first-key',
  title: 'the first certificate is for the key that the server signs with (Fulcio and the TSA, at start)',
  check: (chain) => {
    const [first] = chain.certificates;
    if (chain.publicKey === undefined || first === undefined) return 'not-applicable';
    if (first.publicKey.equals(chain.publicKey)) return [];
    return [
      complain(
        chain,
        first,
        'expected a certificate of the signing key, got one of another key',
        'the chain starts with the certificate that was issued for this key; the root comes last',
      ),
    ];
  },
};
