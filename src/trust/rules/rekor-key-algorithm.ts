import { keyDetailsOf } from '../keys.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

const supported = ['PKIX_ECDSA_P256_SHA_256', 'PKIX_ED25519'];

export const rekorKeyAlgorithm: TrustRule = {
  id: 'rekor-key-algorithm',
  title: 'A Rekor log signs with P-256 or Ed25519: sigstore-js hashes P-384 with SHA-256, Rekor with SHA-384.',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.tlogs, ({ publicKey }) => {
      const details = keyDetailsOf(publicKey) ?? 'a key of another kind';
      if (supported.includes(details)) return undefined;
      return { message: `expected ${supported.join(' or ')}, got ${details}`, hint: 'give the log a new key' };
    }),
};
