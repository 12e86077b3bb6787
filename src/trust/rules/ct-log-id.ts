import { equalBytes, toBase64 } from '../../core/bytes.ts';
import { sha256, spkiOf } from '../../core/digest.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

export const ctLogIdRule: TrustRule = {
  id: 'ct-log-id',
  title: 'A CT log ID is the SHA-256 of its key (RFC 6962 §3.2): clients find the key of an SCT by it.',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.ctlogs, ({ publicKey, logId }) => {
      const expected = sha256(spkiOf(publicKey));
      if (equalBytes(expected, logId)) return undefined;
      return { message: `expected the log ID ${toBase64(expected)}, got ${toBase64(logId)}` };
    }),
};
