import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { RootSigning } from '../root-signing/open.ts';
import type { Event } from './event.ts';

/** Says why nobody can go on with an event as it is: it was overtaken, or has waited too long. */
export function stalenessOf(event: Event, rootSigning: RootSigning, now: Date): string | undefined {
  const { plan } = event;
  const overtaken = overtakenBy(event, rootSigning);
  if (overtaken !== undefined) return `${overtaken}: amend it, or remove its directory`;
  if (now <= plan.signUntil) return undefined;
  return `it was to be signed by ${formatInstant(plan.signUntil)}: amend it with --plan-anew, or remove its directory`;
}

/**
 * Passes if an event builds on what is in force: one that was published, or overtaken by another, does not.
 * @throws CER_PLAN_OUTDATED
 */
export function assertNotOvertaken(event: Event, rootSigning: RootSigning): void {
  const overtaken = overtakenBy(event, rootSigning);
  if (overtaken === undefined) return;
  throw new ToolkitError('CER_PLAN_OUTDATED', {
    message: `${event.plan.event}: ${overtaken}`,
    fault: 'input',
    data: { event: event.plan.event },
    hint: 'it was published, or another event was since: look at its transcript; to go on with it, amend it',
  });
}

function overtakenBy({ plan }: Event, { recorded }: RootSigning): string | undefined {
  const overtaken = (['root', 'targets'] as const).find(
    (role) => plan.base?.[role].sha256 !== recorded?.[role].canonicalSha256,
  );
  if (overtaken) {
    const [base, is] = [plan.base?.[overtaken].version, recorded?.[overtaken].version].map((v) =>
      v ? `v${v}` : 'none',
    );
    return `it builds on ${overtaken} ${base}, and ${is} is in force`;
  }
  return undefined;
}
