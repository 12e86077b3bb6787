import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

export const serialNotRevoked: Rule<JudgedKey> = {
  id: 'serial-not-revoked',
  title: 'the device is none that the policy lists as lost, stolen or recalled',
  check: ({ attested, policy }) => {
    if (!attested) return 'not-applicable';
    if (!policy.revokedSerials.includes(attested.serial)) return [];
    const message = `expected a device that is not revoked, got ${attested.serial}`;
    return [{ where: 'serial', message, hint: 'enrol a key on another device, and replace the one on this' }];
  },
};
