import { addMs, dayMs, formatInstant } from '../../src/core/clock.ts';
import type { Rule } from '../../src/core/rules.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import type { ReviewedPlan } from '../plan.ts';

export const expiryWithinPolicy: Rule<ReviewedPlan> = {
  id: 'expiry-within-policy',
  title: 'each payload expires after now and within the period that the policy gives its role',
  check: ({ now, policy, documents }) =>
    roleNames.flatMap((role) => {
      const expires = documents[role]?.expires;
      const latest = addMs(now, policy[role].expiryDays * dayMs);
      if (!expires || (expires > now && expires <= latest)) return [];
      const message = `expected a time after ${formatInstant(now)} and by ${formatInstant(latest)}, got ${formatInstant(expires)}`;
      return { where: `${role}: expires`, message };
    }),
};
