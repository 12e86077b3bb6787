import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';

export const consistentSnapshot: Rule<ReviewedPlan> = {
  id: 'consistent-snapshot',
  title: 'the root asks for consistent snapshots; without them publishing breaks clients that are reading',
  check: ({ documents: { root } }) => {
    if (!root) return 'not-applicable';
    return root.consistentSnapshot ? [] : [{ where: 'consistent_snapshot', message: 'expected true, got false' }];
  },
};
