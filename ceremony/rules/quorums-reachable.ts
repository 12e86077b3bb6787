import type { Rule } from '../../src/core/rules.ts';
import { ownersOf } from '../owners.ts';
import type { ReviewedPlan } from '../plan.ts';

export const quorumsReachable: Rule<ReviewedPlan> = {
  id: 'quorums-reachable',
  title: 'every quorum of every payload can be met without the keys that are lost',
  check: ({ announced, current, payloads }) => {
    if (!announced || !current || announced.lost.length === 0) return 'not-applicable';
    const lost = [...ownersOf(current.root)]
      .filter(([, holder]) => announced.lost.includes(holder))
      .flatMap(([keyid]) => current.root.keys.get(keyid)?.physicalKey ?? []);
    return payloads.flatMap(({ role, quorums }) =>
      quorums.flatMap(({ name, keys, threshold }) => {
        const left = new Set(keys.map(({ physicalKey }) => physicalKey).filter((key) => !lost.includes(key))).size;
        if (left >= threshold) return [];
        return {
          where: `${role}: ${name}`,
          message: `expected ${threshold} keys that are not lost, got ${left}`,
          hint: 'without a quorum of the old root no client follows: begin a new one, and bring it to every client',
        };
      }),
    );
  },
};
