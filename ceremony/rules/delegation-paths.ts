import type { Complaint, Rule } from '../../src/core/rules.ts';
import { type Delegation, matchesPath } from '../../src/tuf/delegations.ts';
import type { ReviewedPlan } from '../plan.ts';
import { changedDelegations } from '../targets-changes.ts';

export const delegationPaths: Rule<ReviewedPlan> = {
  id: 'delegation-paths',
  title: 'a delegated role has paths of its own: not everything, and nothing that the targets list themselves',
  check: ({ current, documents: { targets } }) => {
    const changed = targets
      ? changedDelegations(current?.targets, targets).filter(({ what }) => what !== 'removed')
      : [];
    if (!targets || changed.length === 0) return 'not-applicable';
    const names = [...targets.targets.keys()];
    return changed.flatMap(({ delegation }) => complaintsOn(delegation, names));
  },
};

function complaintsOn({ name, paths, quorum }: Delegation, listed: readonly string[]): readonly Complaint[] {
  const where = `delegations.${name}`;
  if (paths === undefined) {
    return [
      { where, message: 'expected paths of plain names, "*" and "?", got others, which clients match differently' },
    ];
  }
  const different = new Set(quorum.keys.map(({ physicalKey }) => physicalKey)).size;
  return [
    ...paths
      .filter((path) => path.split('/').every((part) => /^[*?]+$/.test(part)))
      .map((path) => ({ where, message: `expected a part of the namespace, got all of it: ${path}` })),
    ...paths.flatMap((path) =>
      listed
        .filter((target) => matchesPath(path, target))
        .map((target) => ({
          where,
          message: `expected no target that is listed already, got ${path}, which covers ${target}`,
        })),
    ),
    ...(quorum.threshold > different
      ? [{ where, message: `expected a threshold of at most ${different} (its keys), got ${quorum.threshold}` }]
      : []),
  ];
}
