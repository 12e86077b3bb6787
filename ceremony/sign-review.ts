import { ToolkitError } from '../src/core/error.ts';
import type { Signer } from '../src/core/signer.ts';
import { judgeSignature } from '../src/tuf/judge-signature.ts';
import { physicalKeyOf } from '../src/tuf/key.ts';
import { payloadStatus } from './assemble.ts';
import type { SignatureDocument } from './event/signature-file.ts';
import type { FrozenPayload } from './freeze.ts';
import type { Consent } from './review/consent.ts';
import type { Review } from './review/review.ts';
import { signPlan } from './sign.ts';

/** Returns the payloads that this key is asked to sign, by one of their quorums. */
export function payloadsFor({ frozen }: Review, { publicKey }: Pick<Signer, 'publicKey'>): readonly FrozenPayload[] {
  const own = physicalKeyOf(publicKey);
  return frozen.payloads.filter(({ quorums }) =>
    quorums.some(({ keys }) => keys.some(({ physicalKey }) => physicalKey === own)),
  );
}

/** Returns what a holder types before this payload is signed. */
export function consentTo({ role, version, digest }: FrozenPayload): Consent {
  return { what: `${role} v${version}`, digest, phrase: `SIGN ${role} v${version}` };
}

/**
 * Signs what a holder reviewed and consented to. Each signature is verified twice before it is handed out: by
 * node:crypto over our canonical form, and by tuf-js over its own.
 *
 * The caller has the holder's consent for each payload (`askConsent`).
 * @throws CER_SIGNER_UNKNOWN, CER_DIGEST_CHANGED
 * @throws CER_SIGNATURE_INVALID, TUF_JUDGES_DISAGREE – evidence
 */
export async function signReview(review: Review, signer: Signer): Promise<readonly SignatureDocument[]> {
  const { plan, planDigest, frozen } = review;
  const signatures = (await signPlan(frozen, [signer])).map((signature) => ({
    ...signature,
    role: signature.role as SignatureDocument['role'],
    repository: plan.repository.id,
    event: plan.event,
    revision: plan.revision,
    planDigest,
  }));
  for (const signature of signatures) assertSecondOpinion(review, signature);
  return signatures;
}

/**
 * Passes if tuf-js finds too that a signature verifies: for one that was made elsewhere, and for our own.
 * @throws TUF_JUDGES_DISAGREE (evidence)
 */
export function assertSecondOpinion(
  { frozen }: Review,
  signature: Pick<SignatureDocument, 'role' | 'keyid' | 'sig'>,
): void {
  const payload = frozen.payloads.find(({ role }) => role === signature.role);
  const key = payload?.quorums.flatMap(({ keys }) => keys).find(({ keyid }) => keyid === signature.keyid);
  const ours = payload && payloadStatus(payload, [{ ...signature, version: payload.version, digest: payload.digest }]);
  const counted = ours?.some(({ keys }) =>
    keys.some(({ keyid, status }) => keyid === signature.keyid && status === 'ok'),
  );
  if (payload && key && counted && judgeSignature(key, { ...signature, signed: payload.signed })) return;
  throw new ToolkitError('TUF_JUDGES_DISAGREE', {
    message: `${signature.role}, key ${signature.keyid.slice(0, 8)}: two implementations disagree about the signature`,
    fault: 'evidence',
    data: { role: signature.role, keyid: signature.keyid },
    hint: 'do not use it; one of the two is wrong, and clients would disagree as well',
  });
}
