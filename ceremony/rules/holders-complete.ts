import type { Complaint, Rule } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { ReviewedPlan } from '../plan.ts';

export const holdersComplete: Rule<ReviewedPlan> = {
  id: 'holders-complete',
  title: 'root and targets list as many different keys as the policy names holders, and ask for its thresholds',
  check: ({ policy, documents: { root } }) => {
    if (!root) return 'not-applicable';
    return (['root', 'targets'] as const).flatMap((role) => {
      const { holders, threshold } = policy[role];
      const quorum = quorumOf(root, role);
      const different = new Set(quorum.keys.map(({ physicalKey }) => physicalKey)).size;
      const hint = 'a change of holders or thresholds is a ceremony of its own, not a renewal';
      const complaints: Complaint[] = [];
      if (different !== holders.length) {
        const message = `expected ${holders.length} holders' keys, got ${different}`;
        complaints.push({ where: `roles.${role}.keyids`, message, hint });
      }
      if (quorum.threshold !== threshold) {
        const message = `expected ${threshold}, got ${quorum.threshold}`;
        complaints.push({ where: `roles.${role}.threshold`, message, hint });
      }
      return complaints;
    });
  },
};
