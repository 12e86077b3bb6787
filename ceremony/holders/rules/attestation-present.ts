import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

export const attestationPresent: Rule<JudgedKey> = {
  id: 'attestation-present',
  title: 'a key comes with the attestation of its device, where the policy asks for it',
  check: ({ policy, attestation }) => {
    if (!policy.required) return 'not-applicable';
    if (attestation) return [];
    const message = 'expected the attestation of a device, got none';
    return [{ where: 'attestation', message, hint: 'enrol again with the certificates of the key and of slot f9' }];
  },
};
