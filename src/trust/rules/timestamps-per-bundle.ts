import { isValidAt } from '../period.ts';
import { aboutSigningConfig, type TrustRule } from './subject.ts';

const maxTimestamps = 32;

export const timestampsPerBundle: TrustRule = {
  id: 'timestamps-per-bundle',
  title: `A bundle gets at most ${maxTimestamps} timestamps: sigstore-go and sigstore-python refuse more.`,
  check: ({ signingConfig: { timestamps, timestampSelection }, now }) => {
    if (timestampSelection?.selector !== 'ALL') return 'not-applicable';
    const used = timestamps.filter(({ validFor }) => isValidAt(validFor, now)).length;
    if (used <= maxTimestamps) return [];
    return [
      aboutSigningConfig('tsaUrls', { message: `expected at most ${maxTimestamps} with selector ALL, got ${used}` }),
    ];
  },
};
