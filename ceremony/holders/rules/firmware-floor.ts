import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

export const firmwareFloor: Rule<JudgedKey> = {
  id: 'firmware-floor',
  title: 'the device has at least the firmware that the policy names',
  check: ({ attested, policy: { firmware } }) => {
    if (!attested || firmware === undefined) return 'not-applicable';
    if (!isOlder(attested.firmware, firmware)) return [];
    const message = `expected ${firmware} or newer, got ${attested.firmware}`;
    return [{ where: 'firmware', message, hint: 'firmware of a YubiKey never changes: use a newer device' }];
  },
};

function isOlder(version: string, floor: string): boolean {
  const [have, need] = [version.split('.').map(Number), floor.split('.').map(Number)];
  const differing = need.findIndex((part, index) => part !== have[index]);
  return differing >= 0 && (have[differing] ?? 0) < (need[differing] ?? 0);
}
