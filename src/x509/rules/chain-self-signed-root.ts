import { type ChainRule, complain, isSelfIssued } from '../chain-rule.ts';

export const chainSelfSignedRoot: ChainRule = {
  id: 'chain-self-signed-root',
  title:
    'the last certificate is a self-signed root (sigstore-js, and OpenSSL in sigstore-python, end a path only there)',
  check: (chain) => {
    const root = chain.certificates.at(-1);
    if (root === undefined || (isSelfIssued(root) && root.isSignedBy(root.publicKey))) return [];
    return [
      complain(
        chain,
        root,
        'expected a root that is signed with its own key',
        'append the certificates up to the root',
      ),
    ];
  },
};
