import { isValidAt } from '../period.ts';
import { aboutTrustedRoot, type TrustRule } from './subject.ts';

export const ctLogTrusted: TrustRule = {
  id: 'ct-log-trusted',
  title: 'A CT log is trusted now where a Fulcio is offered: cosign asks for its SCT to sign, every client to verify.',
  check: ({ trustedRoot, signingConfig, now }) => {
    if (signingConfig.fulcio.length === 0) return 'not-applicable';
    if (trustedRoot.ctlogs.some(({ validFor }) => isValidAt(validFor, now))) return [];
    return [aboutTrustedRoot('ctlogs', { message: 'expected a CT log that is valid now, got none' })];
  },
};
