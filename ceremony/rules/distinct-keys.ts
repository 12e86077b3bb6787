import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';

export const distinctKeys: Rule<ReviewedPlan> = {
  id: 'distinct-keys',
  title: 'no private key stands in the root under two ids: it would count twice, or two holders share it',
  check: ({ documents: { root } }) => {
    if (!root) return 'not-applicable';
    const keys = [...root.keys.values()];
    const repeated = keys.filter((key, index) => keys.findIndex((k) => k.physicalKey === key.physicalKey) !== index);
    return repeated.map(({ keyid }) => ({
      where: `keys.${keyid}`,
      message: 'expected a key of its own, got the same key as under another id',
    }));
  },
};
