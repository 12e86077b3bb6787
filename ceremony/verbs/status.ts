import type { Invocation, Outcome } from '../../src/cli/command.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { toJson } from '../../src/core/json.ts';
import { openEvent } from '../event/event.ts';
import { type EventStatus, eventStatus, renderEventStatus } from '../event/event-status.ts';
import { stalenessOf } from '../event/staleness.ts';
import { outlookExitCode, outlookOf, type RoleOutlook } from '../outlook.ts';
import { openRootSigning, type RootSigning } from '../root-signing/open.ts';
import { openEvents } from '../root-signing/open-events.ts';
import { reviewHere } from './plan.ts';
import { layoutOf } from './settings.ts';

const signaturesNeeded = 10;

/** Says of a root-signing directory: which roles people must sign by when, and which signatures open events wait for. */
export async function rootSigningStatus(
  invocation: Invocation,
  { now, render }: { readonly now: Date; readonly render?: ((roles: readonly RoleOutlook[]) => string) | undefined },
): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const roles = offlineOutlook(rootSigning, now);
  const { statuses: events, stales } = await statusOfEvents(invocation, rootSigning, now);
  const waiting = events.some(({ complete }) => !complete);
  const urgency = outlookExitCode(roles);
  return {
    json: toJson({
      directory: rootSigning.layout.directory,
      at: formatInstant(now),
      roles: roles.map(({ role, version, state, expires }) => ({
        role,
        version,
        state,
        expires: formatInstant(expires),
      })),
      events,
      waiting: stales.map(({ event, stale }) => ({ event, what: stale })),
    }),
    text:
      render?.(roles) ??
      [
        ...roles.map(roleLine),
        ...events.map((event) => `${event.event}, revision ${event.revision}\n${renderEventStatus(event)}`),
        ...stales.map(({ event, stale }) => `${event}: ${stale}`),
        '',
      ].join('\n'),
    exitCode: urgency === 0 && waiting ? signaturesNeeded : urgency,
  };
}

/** Snapshot and timestamp are signed where they are published: the record of them here is old, and that is right. */
function offlineOutlook({ recorded, policy }: RootSigning, now: Date): readonly RoleOutlook[] {
  if (!recorded) return [];
  return outlookOf({ repository: recorded, policy, now }).filter(({ role }) => role === 'root' || role === 'targets');
}

interface OpenEvents {
  readonly statuses: readonly EventStatus[];
  readonly stales: readonly { readonly event: string; readonly stale: string }[];
}

async function statusOfEvents(invocation: Invocation, rootSigning: RootSigning, now: Date): Promise<OpenEvents> {
  const statuses: EventStatus[] = [];
  const stales: { event: string; stale: string }[] = [];
  for (const layout of await openEvents(rootSigning.layout)) {
    const event = await openEvent(layout);
    const stale = stalenessOf(event, rootSigning, now);
    if (stale !== undefined) stales.push({ event: event.plan.event, stale });
    else if (!event.frozen)
      stales.push({
        event: event.plan.event,
        stale: `planned, not frozen; next: sigstead ceremony freeze ${event.plan.event}`,
      });
    else statuses.push(await eventStatus(event, reviewHere(event, rootSigning, invocation)));
  }
  return { statuses, stales };
}

function roleLine({ role, version, state, expires, dueFrom }: RoleOutlook): string {
  const next = {
    fresh: `sign the next from ${formatInstant(dueFrom)}`,
    due: 'sign the next one now',
    late: 'LITTLE TIME LEFT',
    expired: 'EXPIRED',
  };
  return `${role.padEnd(9)} v${version}  expires ${formatInstant(expires)}  ${next[state]}`;
}
