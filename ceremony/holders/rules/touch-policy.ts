import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

const strictness = { never: 0, cached: 1, always: 2 } as const;

export const touchPolicy: Rule<JudgedKey> = {
  id: 'touch-policy',
  title: 'the device asks to be touched as often as the policy wants: what a program on the machine cannot do',
  check: ({ attested, policy }) => {
    if (!attested) return 'not-applicable';
    if (strictness[attested.touchPolicy] >= strictness[policy.touch]) return [];
    const message = `expected ${policy.touch}, got ${attested.touchPolicy}`;
    return [
      { where: 'touch policy', message, hint: 'it is fixed when a key is made: make a new one with this policy' },
    ];
  },
};
