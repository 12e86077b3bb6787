import { keyDetailsOf } from '../keys.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

const supported = 'PKIX_ECDSA_P256_SHA_256';

export const ctKeyAlgorithm: TrustRule = {
  id: 'ct-key-algorithm',
  title: 'A CT log signs with P-256: cosign and every client on sigstore-go refuse other keys for an SCT.',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.ctlogs, ({ publicKey }) => {
      const details = keyDetailsOf(publicKey) ?? 'a key of another kind';
      return details === supported ? undefined : { message: `expected ${supported}, got ${details}` };
    }),
};
