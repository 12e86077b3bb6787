import { toHex } from '../../core/bytes.ts';
import type { TrustedLog } from '../trusted-root.ts';
import { earlierTwin, inTrustedRoot, type TrustRule } from './subject.ts';

export const logIdUnique: TrustRule = {
  id: 'log-id-unique',
  title: 'No two entries of one kind of log share an ID: sigstore-go silently keeps the last.',
  check: ({ trustedRoot }) => [...duplicates(trustedRoot.tlogs), ...duplicates(trustedRoot.ctlogs)],
};

function duplicates(logs: readonly TrustedLog[]) {
  return inTrustedRoot(logs, (log) => {
    const twin = earlierTwin(logs, log, ({ logId }) => toHex(logId));
    return twin && { message: `expected a log ID of its own, got the one of ${twin.path}` };
  });
}
