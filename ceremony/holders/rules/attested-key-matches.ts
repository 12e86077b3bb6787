import type { Rule } from '../../../src/core/rules.ts';
import { physicalKeyOf } from '../../../src/tuf/key.ts';
import type { JudgedKey } from '../attestation.ts';

export const attestedKeyMatches: Rule<JudgedKey> = {
  id: 'attested-key-matches',
  title: 'the key that the device attests is the one that was enrolled',
  check: ({ attested, publicKey }) => {
    if (!attested) return 'not-applicable';
    if (physicalKeyOf(attested.publicKey) === physicalKeyOf(publicKey)) return [];
    return [{ where: 'attestation', message: `expected the enrolled key, got another in slot ${attested.slot}` }];
  },
};
