import type { Rule } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { ReviewedPlan } from '../plan.ts';

export const toleranceKept: Rule<ReviewedPlan> = {
  id: 'tolerance-kept',
  title: 'as many holders of root and of targets may be lost as the policy demands, and the others can still sign',
  check: ({ policy, documents: { root } }) => {
    if (!root) return 'not-applicable';
    return (['root', 'targets'] as const).flatMap((role) => {
      const { keys, threshold } = quorumOf(root, role);
      const tolerated = new Set(keys.map(({ physicalKey }) => physicalKey)).size - threshold;
      if (tolerated >= policy.ceremony.tolerance) return [];
      return {
        where: `roles.${role}`,
        message: `expected that ${policy.ceremony.tolerance} of its keys may be lost, got ${tolerated} (${threshold} of ${keys.length} sign)`,
        hint: 'add holders or lower the threshold; or lower ceremony.tolerance in policy.yaml, in sight of everybody',
      };
    });
  },
};
