import { formatInstant } from '../../src/core/clock.ts';
import type { RootSigning } from '../root-signing/open.ts';
import type { Event } from './event.ts';

/** Says why nobody can go on with an event as it is: it was overtaken, or has waited too long. */
export function stalenessOf({ plan }: Event, { recorded }: RootSigning, now: Date): string | undefined {
  const overtaken = (['root', 'targets'] as const).find(
    (role) => plan.base?.[role].sha256 !== recorded?.[role].canonicalSha256,
  );
  if (overtaken) {
    const [base, is] = [plan.base?.[overtaken].version, recorded?.[overtaken].version].map((v) =>
      v ? `v${v}` : 'none',
    );
    return `it builds on ${overtaken} ${base}, and ${is} is in force: amend it, or remove its directory`;
  }
  if (now <= plan.signUntil) return undefined;
  return `it was to be signed by ${formatInstant(plan.signUntil)}: amend it with --plan-anew, or remove its directory`;
}
