import { payloadStatus } from '../assemble.ts';
import { ownerName, ownersInPlan } from '../owners.ts';
import type { Review } from '../review/review.ts';
import type { Event } from './event.ts';
import { readSignatures } from './signature-file.ts';

/** Who has signed an event and who is still needed, by payload and quorum. */
export interface EventStatus {
  readonly event: string;
  readonly revision: number;
  readonly complete: boolean;
  readonly quorums: readonly QuorumStatus[];
}

export interface QuorumStatus {
  readonly payload: string;
  readonly quorum: string;
  readonly have: number;
  readonly need: number;
  readonly signed: readonly string[];
  readonly missing: readonly string[];
}

/** `review` must be of this event. */
export async function eventStatus(event: Event, { frozen, plan }: Review): Promise<EventStatus> {
  const signatures = await readSignatures(event);
  const owners = ownersInPlan(frozen);
  const quorums = frozen.payloads.flatMap((payload) =>
    payloadStatus(payload, signatures).map(({ quorum, keys, have, need }) => {
      const people = (wanted: boolean) =>
        keys
          .filter(({ status }) => (status === 'ok') === wanted)
          .map(({ keyid }) => `${ownerName(owners, keyid)} (${keyid.slice(0, 8)})`);
      return {
        payload: `${payload.role} v${payload.version}`,
        quorum,
        have,
        need,
        signed: people(true),
        missing: people(false),
      };
    }),
  );
  return {
    event: plan.event,
    revision: plan.revision,
    complete: quorums.every(({ have, need }) => have >= need),
    quorums,
  };
}

export function renderEventStatus({ quorums, complete, event }: EventStatus): string {
  const lines = quorums.map(({ payload, quorum, have, need, missing }) => {
    const rest = have >= need ? 'enough' : `${need - have} more of ${missing.join(', ')}`;
    return `${payload}  by ${quorum}: ${have} of ${need}; ${rest}`;
  });
  return `${[...lines, complete ? `next: sigstead ceremony assemble ${event}` : 'waiting for signatures'].join('\n')}\n`;
}
