import type { Rule } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { ReviewedPlan } from '../plan.ts';

export const onlineKeyApart: Rule<ReviewedPlan> = {
  id: 'online-key-apart',
  title: 'the key of snapshot and timestamp, which lies on a server, is no holder’s key',
  check: ({ documents: { root } }) => {
    if (!root) return 'not-applicable';
    const offline = new Set(
      (['root', 'targets'] as const).flatMap((role) => quorumOf(root, role).keys.map((key) => key.physicalKey)),
    );
    return (['snapshot', 'timestamp'] as const).flatMap((role) =>
      quorumOf(root, role)
        .keys.filter((key) => offline.has(key.physicalKey))
        .map(({ keyid }) => ({
          where: `roles.${role}`,
          message: `expected a key of its own, got holder key ${keyid}`,
        })),
    );
  },
};
