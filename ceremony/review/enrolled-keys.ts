import type { RootPolicy } from '../../src/config/root-policy.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { RootDocument } from '../../src/tuf/document.ts';
import { physicalKeyOf } from '../../src/tuf/key.ts';
import { attestationPolicyOf } from '../attestation-policy.ts';
import type { PlanDocument } from '../event/plan-document.ts';
import { type Enrolment, parseEnrolment } from '../holders/enrolment.ts';
import { otherKeyOf, type VerifiedEnrolment, verifyKeptEnrolment } from '../holders/verify-enrolment.ts';
import type { Packet } from '../packet/packet.ts';
import { type KeyChange, rootChanges } from '../root-changes.ts';

/** A key that a plan adds, with the proof that its holder has it. The online key has no holder, and no such proof. */
export interface EnrolledKey {
  readonly change: KeyChange;
  readonly enrolment: VerifiedEnrolment | undefined;
}

export interface EnrolledKeysOptions {
  readonly packet: Packet;
  readonly plan: PlanDocument;
  readonly policy: RootPolicy;
  readonly before: RootDocument | undefined;
  readonly after: RootDocument;
}

/**
 * Returns the keys that a root adds. Each holder's key must come with an enrolment: a proof of possession for this very
 * repository and holder, and the attestation that the policy asks for.
 * @throws CER_KEY_NOT_ENROLLED; and as `parseEnrolment` and `verifyKeptEnrolment`
 */
export function enrolledKeys(options: EnrolledKeysOptions): readonly EnrolledKey[] {
  const enrolments = options.packet.enrolments.map((bytes, index) => parseEnrolment(bytes, `enrolments[${index}]`));
  const others: ReturnType<typeof otherKeyOf>[] = [];
  const added = rootChanges(options.before, options.after).filter(
    (change): change is KeyChange => change.what === 'key-added',
  );
  return added.map((change) => {
    if (change.holder === undefined) return { change, enrolment: undefined };
    const enrolment = verifyOne(options, { change, holder: change.holder, enrolments, others });
    others.push(otherKeyOf(enrolment));
    return { change, enrolment };
  });
}

interface OneKey {
  readonly change: KeyChange;
  readonly holder: string;
  readonly enrolments: readonly Enrolment[];
  readonly others: readonly ReturnType<typeof otherKeyOf>[];
}

function verifyOne(
  { plan, policy }: EnrolledKeysOptions,
  { change, holder, enrolments, others }: OneKey,
): VerifiedEnrolment {
  const enrolment = enrolments.find(({ publicKey }) => physicalKeyOf(publicKey) === change.key.physicalKey);
  if (!enrolment) throw notEnrolled(change, holder);
  const { keys } = enrolment.invitation;
  const verified = verifyKeptEnrolment({
    enrolment,
    place: { repository: plan.repository.id, holder, keys },
    policy: attestationPolicyOf(policy),
    others,
  });
  const against = verified.findings.find(({ severity }) => severity === 'error');
  if (!against) return verified;
  throw new ToolkitError('CER_ATTESTATION_POLICY', {
    message: `key of ${holder}: ${against.rule}: ${against.message}`,
    fault: 'input',
    data: { holder, findings: verified.findings },
    hint: 'enroll a key that keeps to the policy, or change ceremony.attestation in policy.yaml in sight of everybody',
  });
}

function notEnrolled({ key }: KeyChange, holder: string): ToolkitError {
  return new ToolkitError('CER_KEY_NOT_ENROLLED', {
    message: `key ${key.keyid.slice(0, 8)} of ${holder}: expected an enrolment with its proof of possession, got none`,
    fault: 'input',
    data: { holder, keyid: key.keyid },
    hint: `invite the holder, and accept the answer: sigstead ceremony invite ${holder}`,
  });
}
