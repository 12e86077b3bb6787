import { type ChainRule, complain } from '../chain-rule.ts';

export const tsaLeafPublicKey: ChainRule = {
  id: 'tsa-leaf-public-key',
  title:
    'timestamps are signed with ECDSA or RSA (the TSA starts with Ed25519 too, but OpenSSL and so sigstore-python cannot verify what it signs)',
  check: (chain) => {
    const [leaf] = chain.certificates;
    const type = leaf?.publicKey.asymmetricKeyType;
    if (leaf === undefined || type === 'ec' || type === 'rsa') return [];
    return [complain(chain, leaf, `expected an ECDSA or RSA key, got ${type}`, 'use ECDSA P-384 for timestamps')];
  },
};
