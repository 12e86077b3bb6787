import type { Rule } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { ReviewedPlan } from '../plan.ts';

export const replayEnded: Rule<ReviewedPlan> = {
  id: 'replay-ended',
  title: 'after a rotation of targets keys, those that stay are too few to vouch for what they signed before',
  check: ({ announced, current, documents: { root } }) => {
    if (announced?.kind !== 'rotate-targets-keys' || !current || !root) return 'not-applicable';
    const former = quorumOf(current.root, 'targets').keys.map(({ physicalKey }) => physicalKey);
    const { keys, threshold } = quorumOf(root, 'targets');
    const stay = new Set(keys.map(({ physicalKey }) => physicalKey).filter((key) => former.includes(key))).size;
    if (stay < threshold) return [];
    return [
      {
        where: 'roles.targets',
        message: `expected fewer than ${threshold} of the former keys to stay, got ${stay}: targets that all of them signed would still be accepted`,
        hint: 'have more holders enroll another key for targets, and name them in the intent',
      },
    ];
  },
};
