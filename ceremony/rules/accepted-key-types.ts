import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';
import { addedKeys } from '../root-changes.ts';

export const acceptedKeyTypes: Rule<ReviewedPlan> = {
  id: 'accepted-key-types',
  title: 'every key has a type and a spelling that all clients verify; one P-384 key makes some refuse the whole root',
  check: ({ current, documents: { root } }) => {
    if (!root) return 'not-applicable';
    return addedKeys(current?.root, root)
      .filter(({ key, publicKey }) => !publicKey || !['ecdsa', 'ed25519'].includes(String(key['keytype'])))
      .map(({ keyid, key }) => ({
        where: `keys.${keyid}`,
        message: `expected ecdsa (P-256, PEM) or ed25519 (hexadecimal), got ${key['keytype']} ${key['scheme']}`,
      }));
  },
};
