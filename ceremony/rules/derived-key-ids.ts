import type { Rule } from '../../src/core/rules.ts';
import { keyId } from '../../src/tuf/key.ts';
import type { ReviewedPlan } from '../plan.ts';
import { addedKeys } from '../root-changes.ts';

export const derivedKeyIds: Rule<ReviewedPlan> = {
  id: 'derived-key-ids',
  title: 'each key id is the SHA-256 of its key; tough refuses the root otherwise (public-good root v11)',
  check: ({ current, documents: { root } }) => {
    if (!root) return 'not-applicable';
    return addedKeys(current?.root, root)
      .filter(({ keyid, key }) => keyId(key) !== keyid)
      .map(({ keyid, key }) => ({ where: `keys.${keyid}`, message: `expected the id ${keyId(key)}, got ${keyid}` }));
  },
};
