import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

/** How often it asks. A biometric key takes a finger in place of the PIN. */
const strictness = { never: 0, once: 1, 'match-once': 1, always: 2, 'match-always': 2 } as const;

export const pinPolicy: Rule<JudgedKey> = {
  id: 'pin-policy',
  title: 'the device asks for a PIN, or a finger, as often as the policy wants',
  check: ({ attested, policy }) => {
    if (!attested) return 'not-applicable';
    if (strictness[attested.pinPolicy] >= strictness[policy.pin]) return [];
    const message = `expected ${policy.pin}, got ${attested.pinPolicy}`;
    return [{ where: 'PIN policy', message, hint: 'it is fixed when a key is made: make a new one with this policy' }];
  },
};
