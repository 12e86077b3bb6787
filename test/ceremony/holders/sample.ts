import type { AttestationPolicy } from '../../../ceremony/holders/attestation.ts';
import { type Invitation, makeInvitation } from '../../../ceremony/holders/invitation.ts';
import { type EnrolOptions, enrol } from '../../../ceremony/holders/proof.ts';
import { type VerifiedEnrolment, verifyEnrolment } from '../../../ceremony/holders/verify-enrolment.ts';
import { testTrust } from '../../support/attestations.ts';
import { now, seededSigner } from '../../support/root-of-trust.ts';

export const repository = { id: '0123456789abcdef0123456789abcdef', name: 'acme' };
export const rehearsal = { id: 'f'.repeat(32), name: 'acme' };

export const lenient: AttestationPolicy = { required: false, pin: 'never', touch: 'never', revokedSerials: [] };
export const strict: AttestationPolicy = {
  required: true,
  firmware: '5.7.0',
  pin: 'always',
  touch: 'always',
  revokedSerials: ['99'],
};

export const trust = testTrust;

/** An invitation of a holder, who is known by their id. */
export function invite(id: string, change: Partial<Parameters<typeof makeInvitation>[0]> = {}): Invitation {
  return makeInvitation({ repository, holder: { id, name: id }, keys: 'all', now, validDays: 14, ...change });
}

/** What a holder sends back, who uses the key of their name. */
export async function answer(invitation: Invitation, change: Partial<EnrolOptions> = {}) {
  return await enrol({ invitation, signer: seededSigner(invitation.holder.id), now, ...change });
}

/** What the coordinator makes of the answer. */
export async function enrolled(id: string, change: Partial<EnrolOptions> = {}): Promise<VerifiedEnrolment> {
  const invitation = invite(id);
  const enrolment = await answer(invitation, change);
  return verifyEnrolment({ enrolment, invitation, others: [], now, policy: lenient, trust });
}
