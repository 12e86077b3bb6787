import type { Rule } from '../../src/core/rules.ts';
import { type Plan, plannedDocument } from '../plan.ts';

export const consistentSnapshot: Rule<Plan> = {
  id: 'consistent-snapshot',
  title: 'the root asks for consistent snapshots; without them publishing breaks clients that are reading',
  check: (plan) => {
    const root = plannedDocument(plan, 'root');
    if (!root) return 'not-applicable';
    return root.consistentSnapshot ? [] : [{ where: 'consistent_snapshot', message: 'expected true, got false' }];
  },
};
