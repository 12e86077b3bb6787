import { formatInstant } from '../../core/clock.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

export const rekorEnd: TrustRule = {
  id: 'rekor-end',
  title: 'A Rekor v2 log has no end: its entries carry no time, so no client checks it.',
  severity: 'warning',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.tlogs, ({ validFor }) => {
      if (validFor.end === undefined) return undefined;
      return {
        message: `expected no end, got ${formatInstant(validFor.end)}, which no client checks`,
        hint: 'to stop trusting this log, remove its entry: bundles logged there then no longer verify',
      };
    }),
};
