import type { Intent } from '../../src/config/intent.ts';
import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';
import { changedDelegations, type DelegationChange } from '../targets-changes.ts';

export const announcedDelegations: Rule<ReviewedPlan> = {
  id: 'announced-delegations',
  title: 'targets are delegated as the intent announces, and in no other way',
  check: ({ announced, current, documents: { targets } }) => {
    if (!announced || !current) return 'not-applicable';
    const changes = targets ? changedDelegations(current.targets, targets) : [];
    const unexpected = changes.filter((change) => !isAnnounced(change, announced));
    const role = announced.delegates?.role ?? announced.undelegates;
    const hint = 'announce it in an event of its own, or take it back';
    return [
      ...unexpected.map(({ delegation: { name }, what }) => ({
        where: `delegations.${name}`,
        message: `${announced.kind} does not announce that it is ${what} in this way`,
        hint,
      })),
      ...(role === undefined || changes.some(({ delegation }) => delegation.name === role)
        ? []
        : [{ where: `delegations.${role}`, message: 'expected a change, got what is in force' }]),
    ];
  },
};

function isAnnounced({ delegation, what }: DelegationChange, { delegates, undelegates }: Intent): boolean {
  if (what === 'removed') return delegation.name === undelegates;
  return (
    delegation.name === delegates?.role &&
    delegation.terminating === delegates.terminating &&
    delegation.quorum.threshold === delegates.threshold &&
    delegation.quorum.keys.length === new Set(delegates.keys).size &&
    delegation.paths?.join(' ') === delegates.paths.join(' ')
  );
}
