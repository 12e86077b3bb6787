import { addMs, dayMs, formatInstant } from '../../src/core/clock.ts';
import type { Rule } from '../../src/core/rules.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import type { Plan } from '../plan.ts';

export const expiryWithinPolicy: Rule<Plan> = {
  id: 'expiry-within-policy',
  title: 'each payload expires after now and within the period that the policy gives its role',
  check: (plan) =>
    plan.payloads.flatMap(({ role, signed }) => {
      const { expires } = parseDocument(signed, role);
      const latest = addMs(plan.now, plan.policy[role].expiryDays * dayMs);
      if (expires > plan.now && expires <= latest) return [];
      const message = `expected a time after ${formatInstant(plan.now)} and by ${formatInstant(latest)}, got ${formatInstant(expires)}`;
      return { where: `${role}: expires`, message };
    }),
};
