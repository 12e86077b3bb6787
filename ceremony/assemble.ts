import { utf8 } from '../src/core/bytes.ts';
import { type Fault, ToolkitError } from '../src/core/error.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import { verifiesWith } from '../src/tuf/key.ts';
import type { RoleName } from '../src/tuf/layout.ts';
import { formatMetadata, type ParsedMetadata, parseMetadata } from '../src/tuf/metadata.ts';
import { type SigningStatus, signingStatus } from '../src/tuf/threshold.ts';
import type { FrozenPayload, FrozenPlan } from './freeze.ts';
import type { PayloadSignature } from './sign.ts';

declare const signed: unique symbol;

/** Metadata files that meet every quorum of their plan. Only `assemble` makes one. */
export interface SignedMetadata {
  readonly [signed]: true;
  readonly plan: FrozenPlan;
  readonly metadata: { readonly [Role in RoleName]?: ParsedMetadata<Role> };
}

/** Metadata files by role, whoever put them together: what clients make of them is for `verifyCandidate` to say. */
export type SignedFiles = Pick<SignedMetadata, 'metadata'>;

/**
 * Puts signatures and payloads together into the files to publish. All or nothing: each payload must meet each of
 * its quorums, and each signature must belong.
 *
 * The files carry exactly the signatures given, in the order of the keys, so that the same input gives the same bytes.
 * @throws CER_SIGNATURE_FOREIGN if one is for another payload or by a key that no quorum lists
 * @throws CER_SIGNATURE_REPEATED, CER_SIGNATURE_INVALID
 * @throws CER_THRESHOLD_NOT_MET
 */
export function assemble(plan: FrozenPlan, signatures: readonly PayloadSignature[]): SignedMetadata {
  for (const signature of signatures) assertBelongs(plan, signature);
  const files = plan.payloads.map((payload) => {
    const own = signatures.filter(({ role }) => role === payload.role);
    return [payload.role, assemblePayload(payload, own)] as const;
  });
  return { plan, metadata: Object.fromEntries(files) } as unknown as SignedMetadata;
}

/**
 * Passes if each signature is for a payload of the plan, by a key of its quorums, and verifies.
 * @throws CER_SIGNATURE_FOREIGN, CER_SIGNATURE_REPEATED, CER_SIGNATURE_INVALID
 */
export function verifySignatures(plan: FrozenPlan, signatures: readonly PayloadSignature[]): void {
  for (const signature of signatures) assertBelongs(plan, signature);
  for (const payload of plan.payloads) {
    assertVerify(
      payload,
      signatures.filter(({ role }) => role === payload.role),
    );
  }
}

/** Returns who signed a payload and who is still missing, per quorum. Signatures that do not verify are `invalid`. */
export function payloadStatus(
  payload: FrozenPayload,
  signatures: readonly PayloadSignature[],
): readonly SigningStatus[] {
  const own = signatures.filter(({ role, digest }) => role === payload.role && digest === payload.digest);
  return payload.quorums.map((quorum) => signingStatus(canonicalize(payload.signed), own, quorum));
}

function assemblePayload(payload: FrozenPayload, signatures: readonly PayloadSignature[]): ParsedMetadata {
  assertVerify(payload, signatures);
  const short = payloadStatus(payload, signatures).find(({ have, need }) => have < need);
  if (short) throw thresholdNotMet(payload, short);
  const order = payload.quorums.flatMap(({ keys }) => keys.map(({ keyid }) => keyid));
  const sorted = signatures
    .map(({ keyid, sig }) => ({ keyid, sig }))
    .sort((a, b) => order.indexOf(a.keyid) - order.indexOf(b.keyid));
  return parseMetadata(utf8(formatMetadata(payload.signed, sorted)), payload.role);
}

function assertVerify(payload: FrozenPayload, signatures: readonly PayloadSignature[]): void {
  const canonical = canonicalize(payload.signed);
  const keys = payload.quorums.flatMap((quorum) => quorum.keys);
  for (const { keyid, sig } of signatures) {
    const key = keys.find((candidate) => candidate.keyid === keyid);
    if (!key) throw foreign(payload, keyid, 'a key of its quorums');
    if (signatures.filter((other) => other.keyid === keyid).length > 1) {
      throw refused('CER_SIGNATURE_REPEATED', payload, keyid, {
        message: 'expected one signature per key, got several',
        fault: 'input',
        hint: 'keep one of them; a key that signs twice counts once',
      });
    }
    if (!verifiesWith(key, canonical, sig)) {
      throw refused('CER_SIGNATURE_INVALID', payload, keyid, {
        message: 'expected a signature that verifies, got another',
        fault: 'evidence',
        hint: 'the payload or the signature was changed after it was signed; find out where before this key signs again',
      });
    }
  }
}

function assertBelongs(plan: FrozenPlan, signature: PayloadSignature): void {
  const payload = plan.payloads.find(({ role }) => role === signature.role);
  if (payload?.digest === signature.digest && payload.version === signature.version) return;
  throw foreign(signature, signature.keyid, `a payload of plan ${plan.digest}`);
}

function foreign(what: { role: RoleName; version: number }, keyid: string, expected: string): ToolkitError {
  return refused('CER_SIGNATURE_FOREIGN', what, keyid, {
    message: `expected a signature for ${expected}, got one that belongs elsewhere`,
    fault: 'input',
    hint: 'leave it out, and have this holder sign the plan that is being assembled',
  });
}

function refused(
  code: `CER_${string}`,
  { role, version }: { readonly role: RoleName; readonly version: number },
  keyid: string,
  { message, fault, hint }: { readonly message: string; readonly fault: Fault; readonly hint: string },
): ToolkitError {
  return new ToolkitError(code, {
    message: `${role} v${version}, key ${keyid}: ${message}`,
    fault,
    data: { role, version, keyid },
    hint,
  });
}

function thresholdNotMet(payload: FrozenPayload, status: SigningStatus): ToolkitError {
  const missing = status.keys.filter((key) => key.status !== 'ok').map(({ keyid }) => keyid);
  return new ToolkitError('CER_THRESHOLD_NOT_MET', {
    message: `${payload.role} v${payload.version}: ${status.have} of ${status.need} required signatures present (${status.quorum})`,
    fault: 'input',
    data: { role: payload.role, quorum: status.quorum, have: status.have, need: status.need, missing },
    hint: `${status.need - status.have} more of these keys must sign: ${missing.join(', ')}`,
  });
}
