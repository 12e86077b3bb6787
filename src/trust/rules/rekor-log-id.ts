import { equalBytes, toBase64 } from '../../core/bytes.ts';
import { rekorLogId } from '../../tlog/rekor-key.ts';
import { keyDetailsOf } from '../keys.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

const withKnownId = ['PKIX_ECDSA_P256_SHA_256', 'PKIX_ECDSA_P384_SHA_384', 'PKIX_ED25519'];

export const rekorLogIdRule: TrustRule = {
  id: 'rekor-log-id',
  title: 'A Rekor log ID is the checkpoint key ID of origin and key: clients find the log of a bundle by it.',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.tlogs, ({ baseUrl, publicKey, logId }) => {
      if (!withKnownId.includes(keyDetailsOf(publicKey) ?? '') || !URL.canParse(baseUrl)) return undefined;
      const expected = rekorLogId(new URL(baseUrl).hostname, publicKey);
      if (equalBytes(expected, logId)) return undefined;
      return { message: `expected the log ID ${toBase64(expected)}, got ${toBase64(logId)}` };
    }),
};
