import type { Rule } from '../../src/core/rules.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import type { ReviewedPlan } from '../plan.ts';

export const versionIncrements: Rule<ReviewedPlan> = {
  id: 'version-increments',
  title: 'a root is exactly one version after the published one, any other role at least one',
  check: ({ current, documents }) =>
    roleNames.flatMap((role) => {
      const version = documents[role]?.version;
      const next = (current?.versions[role] ?? 0) + 1;
      if (version === undefined || version === next || (role !== 'root' && version > next)) return [];
      const expected = role === 'root' ? `${next}` : `${next} or more`;
      return { where: `${role}: version`, message: `expected ${expected}, got ${version}` };
    }),
};
