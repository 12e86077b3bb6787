import { isValidAt } from '../period.ts';
import { aboutSigningConfig, aboutTrustedRoot, type TrustRule } from './subject.ts';

export const timestampRequired: TrustRule = {
  id: 'timestamp-required',
  title: 'Rekor v2 comes with a timestamp authority: it gives no time, and no client verifies a bundle without one.',
  check: ({ trustedRoot, signingConfig, now }) => {
    if (!signingConfig.rekor.some(({ majorApiVersion }) => majorApiVersion === 2)) return 'not-applicable';
    const complaints = [];
    if (!trustedRoot.timestampAuthorities.some(({ validFor }) => isValidAt(validFor, now))) {
      complaints.push(
        aboutTrustedRoot('timestampAuthorities', { message: 'expected one that is valid now, got none' }),
      );
    }
    if (!signingConfig.timestamps.some(({ validFor }) => isValidAt(validFor, now))) {
      complaints.push(aboutSigningConfig('tsaUrls', { message: 'expected one that is valid now, got none' }));
    }
    return complaints;
  },
};
