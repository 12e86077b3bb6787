import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';
import { changedFields, changedTargets } from '../targets-changes.ts';

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
    const fields = (targets ? changedFields(current.targets, targets) : []).map((field) => ({
      where: `targets: ${field}`,
      message: 'expected this field to stay, got a change that no event announces',
    }));
    if (announced.changesTargets) return fields;
    const files = changes.map(({ name, what }) => ({
      where: `targets.${name}`,
      message: `${announced.kind} does not announce that it is ${what}`,
      hint: 'say `targets: true` in the intent, or put back what is published',
    }));
    return [...files, ...fields];
  },
};
