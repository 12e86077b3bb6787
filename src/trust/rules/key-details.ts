import { keyDetailsOf } from '../keys.ts';
import { allLogs, inTrustedRoot, type TrustRule } from './subject.ts';

export const keyDetails: TrustRule = {
  id: 'key-details',
  title: "A log's keyDetails names the kind of its key: sigstore-go refuses the whole file, sigstore-python the key.",
  check: (subject) =>
    inTrustedRoot(allLogs(subject), (log) => {
      const expected = keyDetailsOf(log.publicKey);
      if (expected === undefined || expected === log.keyDetails) return undefined;
      return { message: `expected keyDetails ${expected} for this key, got ${log.keyDetails}` };
    }),
};
