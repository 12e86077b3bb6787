import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';

export const plainTargetNames: Rule<ReviewedPlan> = {
  id: 'plain-target-names',
  title: 'a target has a plain file name: clients escape others differently in URLs and caches',
  check: ({ current, documents: { targets } }) => {
    if (!targets) return 'not-applicable';
    return [...targets.targets.keys()]
      .filter((name) => !current?.targets.targets.has(name) && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
      .map((name) => ({ where: `targets.${name}`, message: 'expected letters, digits, ".", "_" and "-" only' }));
  },
};
