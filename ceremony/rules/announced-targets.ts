import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';
import { changedTargets } from '../targets-changes.ts';

export const announcedTargets: Rule<ReviewedPlan> = {
  id: 'announced-targets',
  title: 'the files that clients read change if, and only if, the intent says so',
  check: ({ announced, current, documents: { targets } }) => {
    if (!announced || !current) return 'not-applicable';
    const changes = targets ? changedTargets(current.targets, targets) : [];
    if (announced.kind === 'update-targets' && changes.length === 0) {
      const hint = 'put the new files into targets/, or renew';
      return [{ where: 'targets', message: 'expected a change, got the targets that are in force', hint }];
    }
    if (announced.changesTargets) return [];
    return changes.map(({ name, what }) => ({
      where: `targets.${name}`,
      message: `${announced.kind} does not announce that it is ${what}`,
      hint: 'say `targets: true` in the intent, or put back what is published',
    }));
  },
};
