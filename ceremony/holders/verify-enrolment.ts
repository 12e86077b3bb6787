import { addMs, dayMs, formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Finding } from '../../src/core/rules.ts';
import { keyId, physicalKeyOf, type TufKey, tufKey } from '../../src/tuf/key.ts';
import type { PivAttestation } from '../../src/x509/piv-attestation.ts';
import type { AttestationTrust } from '../../src/x509/piv-chain.ts';
import {
  type AttestationPolicy,
  type AttestationVerdict,
  assertAttestation,
  assertBelieved,
  judgeAttestation,
  type OtherKey,
} from './attestation.ts';
import type { Enrolment } from './enrolment.ts';
import type { Invitation } from './invitation.ts';
import { assertOpen, assertProof } from './proof.ts';

declare const verified: unique symbol;

/** An enrolment whose holder has the key, in this repository. Only `verifyEnrolment` and `verifyKeptEnrolment` make one. */
export interface VerifiedEnrolment {
  readonly [verified]: true;
  readonly enrolment: Enrolment;
  readonly holder: string;
  readonly key: TufKey;
  readonly keyid: string;
  /** What the device proves of the key; `undefined` without an attestation. */
  readonly attested: PivAttestation | undefined;
  /** What the policy has against the key. Always empty when it is accepted; a policy may change later. */
  readonly findings: readonly Finding[];
}

export interface Judges {
  readonly policy: AttestationPolicy;
  /** Keys of all holders; those of the same holder do not matter. */
  readonly others: readonly OtherKey[];
  /** @default Yubico's roots */
  readonly trust?: Partial<AttestationTrust>;
}

/** What the clock of a holder's offline machine may be slow. */
const clockToleranceMs = dayMs;

/**
 * Verifies what a holder sent as the answer to `invitation`, which is the copy that the coordinator kept.
 * @throws CER_INVITATION_FOREIGN if it answers another invitation
 * @throws CER_INVITATION_EXPIRED, CER_ENROLMENT_TIME if it comes, or was made, outside the time of the invitation
 * @throws CER_PROOF, CER_KEY_SHARED, CER_ATTESTATION_FALSE, CER_ATTESTATION_POLICY
 */
export function verifyEnrolment(
  options: Judges & { readonly enrolment: Enrolment; readonly invitation: Invitation; readonly now: Date },
): VerifiedEnrolment {
  const { enrolment, invitation, now } = options;
  assertAnswers(enrolment.invitation, invitation);
  assertOpen(invitation, now);
  assertMadeInTime(enrolment);
  assertProof(enrolment);
  const verdict = judge(enrolment, options);
  assertAttestation(verdict, invitation.holder.id);
  return verifiedOf(enrolment, verdict);
}

/**
 * Verifies an enrolment that was accepted earlier, as it is kept: an edit is evidence, a policy that has become stricter
 * is a finding. Who accepted it, and whether anybody had invited, it does not show: that is what reviews are for.
 * @throws CER_INVITATION_FOREIGN, CER_PROOF, CER_KEY_SHARED, CER_ATTESTATION_FALSE
 */
export function verifyKeptEnrolment(
  options: Judges & { readonly enrolment: Enrolment; readonly place: Pick<Invitation, 'keys'> & Place },
): VerifiedEnrolment {
  const { enrolment, place } = options;
  const { invitation } = enrolment;
  assertSame(invitation.holder.id, 'repository', [invitation.repository.id, place.repository]);
  assertSame(invitation.holder.id, 'holder', [invitation.holder.id, place.holder]);
  assertSame(invitation.holder.id, 'keys', [invitation.keys, place.keys]);
  assertProof(enrolment);
  const verdict = judge(enrolment, options);
  assertBelieved(verdict.findings, place.holder);
  return verifiedOf(enrolment, verdict);
}

/** Ids of where a key is kept. */
export interface Place {
  readonly repository: string;
  readonly holder: string;
}

/** Returns what the keys of others are compared with. */
export function otherKeyOf({ holder, enrolment, attested }: VerifiedEnrolment): OtherKey {
  return { holder, publicKey: enrolment.publicKey, ...(attested && { serial: attested.serial }) };
}

function judge(enrolment: Enrolment, { policy, others, trust }: Judges): AttestationVerdict {
  const { publicKey, attestation, created } = enrolment;
  const holder = enrolment.invitation.holder.id;
  const sharing = others.find((other) => other.holder !== holder && isSameKey(other, enrolment));
  if (sharing) throw shared(holder, sharing.holder);
  // By the time at which it was made, so that it is judged alike on every later day.
  return judgeAttestation({ holder, publicKey, attestation, at: created, others, trust }, policy);
}

function isSameKey(a: Pick<OtherKey, 'publicKey'>, b: Pick<OtherKey, 'publicKey'>): boolean {
  return physicalKeyOf(a.publicKey) === physicalKeyOf(b.publicKey);
}

function verifiedOf(enrolment: Enrolment, { attested, findings }: AttestationVerdict): VerifiedEnrolment {
  const key = tufKey(enrolment.publicKey);
  const holder = enrolment.invitation.holder.id;
  return { enrolment, holder, key, keyid: keyId(key), attested, findings } as unknown as VerifiedEnrolment;
}

function assertAnswers(answered: Invitation, kept: Invitation): void {
  const holder = kept.holder.id;
  assertSame(holder, 'repository', [answered.repository.id, kept.repository.id]);
  assertSame(holder, 'holder', [answered.holder.id, kept.holder.id]);
  assertSame(holder, 'nonce', [answered.nonce, kept.nonce]);
  assertSame(holder, 'keys', [answered.keys, kept.keys]);
  assertSame(holder, 'names', [namesOf(answered), namesOf(kept)]);
  assertSame(holder, 'created', [formatInstant(answered.created), formatInstant(kept.created)]);
  assertSame(holder, 'expires', [formatInstant(answered.expires), formatInstant(kept.expires)]);
}

function namesOf({ repository, holder }: Invitation): string {
  return `${repository.name}, ${holder.name}`;
}

function assertSame(holder: string, field: string, [got, expected]: readonly [string, string]): void {
  if (got === expected) return;
  throw new ToolkitError('CER_INVITATION_FOREIGN', {
    message: `enrolment of ${holder}: expected the ${field} ${JSON.stringify(expected)} of our invitation, got ${JSON.stringify(got)}`,
    fault: 'input',
    data: { holder, field, expected, got },
    hint: 'it answers another invitation, of another repository, a rehearsal, or an earlier day: send the holder the one that is open',
  });
}

function assertMadeInTime({ created, invitation }: Enrolment): void {
  const { holder, created: from, expires } = invitation;
  if (created >= addMs(from, -clockToleranceMs) && created <= expires) return;
  throw new ToolkitError('CER_ENROLMENT_TIME', {
    message: `enrolment of ${holder.id}: expected to be made from ${formatInstant(from)} to ${formatInstant(expires)}, got ${formatInstant(created)}`,
    fault: 'input',
    data: { holder: holder.id, created: formatInstant(created) },
    hint: 'set the clock of the holder’s machine, and enrol again there',
  });
}

function shared(holder: string, other: string): ToolkitError {
  return new ToolkitError('CER_KEY_SHARED', {
    message: `enrolment of ${holder}: expected a key of their own, got the key of ${other}`,
    fault: 'evidence',
    data: { holder, other },
    hint: 'one of the two can sign as the other: find out how, and have both make new keys, each on a device of their own',
  });
}
