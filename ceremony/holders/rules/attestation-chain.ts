import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

export const attestationChain: Rule<JudgedKey> = {
  id: 'attestation-chain',
  title: 'an attestation is signed by a device that a pinned root vouches for',
  check: ({ attestation, disbelief }) => {
    if (!attestation) return 'not-applicable';
    return disbelief === undefined ? [] : [{ where: 'attestation', message: disbelief }];
  },
};
