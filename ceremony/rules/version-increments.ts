import type { Rule } from '../../src/core/rules.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import type { Plan } from '../plan.ts';

export const versionIncrements: Rule<Plan> = {
  id: 'version-increments',
  title: 'a root is exactly one version after the published one, any other role at least one',
  check: (plan) =>
    plan.payloads.flatMap(({ role, signed }) => {
      const { version } = parseDocument(signed, role);
      const next = (plan.current?.versions[role] ?? 0) + 1;
      if (version === next || (role !== 'root' && version > next)) return [];
      const expected = role === 'root' ? `${next}` : `${next} or more`;
      return { where: `${role}: version`, message: `expected ${expected}, got ${version}` };
    }),
};
