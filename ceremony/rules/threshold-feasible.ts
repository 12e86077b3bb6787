import type { Rule } from '../../src/core/rules.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { ReviewedPlan } from '../plan.ts';

export const thresholdFeasible: Rule<ReviewedPlan> = {
  id: 'threshold-feasible',
  title: 'each role has a threshold of at least 1 and at most the number of its different keys',
  check: ({ documents: { root } }) => {
    if (!root) return 'not-applicable';
    return roleNames.flatMap((role) => {
      const { keys, threshold } = quorumOf(root, role);
      const different = new Set(keys.map(({ physicalKey }) => physicalKey)).size;
      if (threshold <= different) return [];
      return {
        where: `roles.${role}.threshold`,
        message: `expected at most ${different} (its keys), got ${threshold}`,
      };
    });
  },
};
