import type { Rule } from '../../src/core/rules.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import type { ReviewedPlan } from '../plan.ts';

/** Interrupted runs leave gaps; whoever leaves no versions above makes every later one impossible. */
const maxSkipped = 1000;

export const versionIncrements: Rule<ReviewedPlan> = {
  id: 'version-increments',
  title: 'a root is exactly one version after the published one, any other role at least one, and not absurdly many',
  check: ({ current, documents }) =>
    roleNames.flatMap((role) => {
      const version = documents[role]?.version;
      const next = (current?.versions[role] ?? 0) + 1;
      const last = role === 'root' ? next : next + maxSkipped;
      if (version === undefined || (version >= next && version <= last)) return [];
      const expected = role === 'root' ? `${next}` : `${next} to ${last}`;
      return { where: `${role}: version`, message: `expected ${expected}, got ${version}` };
    }),
};
