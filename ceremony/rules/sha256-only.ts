import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';

export const sha256Only: Rule<ReviewedPlan> = {
  id: 'sha256-only',
  title: 'a target is listed by SHA-256 alone: clients differ in which listed hash names the file they fetch',
  check: ({ current, documents: { targets } }) => {
    if (!targets) return 'not-applicable';
    return [...targets.targets]
      .filter(([name, { hashes, digest }]) => {
        // What an imported repository lists already, clients fetch already.
        const listed = current?.targets.targets.get(name);
        if (hashes.size === 1 && hashes.has('sha256')) return false;
        return listed?.digest !== digest || listed.hashes.size !== hashes.size;
      })
      .map(([name, { hashes }]) => ({
        where: `targets.${name}.hashes`,
        message: `expected sha256 alone, got ${[...hashes.keys()].join(', ')}`,
      }));
  },
};
