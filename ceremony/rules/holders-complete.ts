import type { Rule } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { type Plan, plannedDocument } from '../plan.ts';

export const holdersComplete: Rule<Plan> = {
  id: 'holders-complete',
  title: 'root and targets list as many different keys as the policy names holders, and ask for its thresholds',
  check: (plan) => {
    const root = plannedDocument(plan, 'root');
    if (!root) return 'not-applicable';
    return (['root', 'targets'] as const).flatMap((role) => {
      const { holders, threshold } = plan.policy[role];
      const quorum = quorumOf(root, role);
      const different = new Set(quorum.keys.map(({ physicalKey }) => physicalKey)).size;
      const hint = 'a change of holders or thresholds is a ceremony of its own, not a renewal';
      return [
        ...(different === holders.length
          ? []
          : [
              {
                where: `roles.${role}.keyids`,
                message: `expected ${holders.length} holders' keys, got ${different}`,
                hint,
              },
            ]),
        ...(quorum.threshold === threshold
          ? []
          : [{ where: `roles.${role}.threshold`, message: `expected ${threshold}, got ${quorum.threshold}`, hint }]),
      ];
    });
  },
};
