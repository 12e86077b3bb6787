import { parseHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { floorToSecond } from '../../src/core/clock.ts';
import { sha256Hex, spkiOf } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Signer } from '../../src/core/signer.ts';
import type { KeyAttributes } from '../../src/keys/pkcs11/key-objects.ts';
import { verifySignature } from '../../src/keys/signer.ts';
import { tufKey } from '../../src/tuf/key.ts';
import { domainMessage } from '../domain-message.ts';
import {
  type AttestationCertificates,
  type Enrolment,
  type EnrolmentStatement,
  formatEnrolment,
  formatStatement,
  type KeyDevice,
  normalAttestation,
  parseEnrolment,
} from './enrolment.ts';
import type { Invitation } from './invitation.ts';

const proofDomain = 'sigstead-ceremony-pop/v1';

/**
 * Returns the message that proves possession of a key: the domain, then the number of fields, then the length and the
 * text of each (repository, holder, nonce, SHA-256 of the key, SHA-256 of the statement).
 *
 * A key that signs this has signed nothing else. No JSON, certificate or note begins with this domain; the lengths
 * leave one reading of the fields; and the repository's id makes the proof of a rehearsal worthless outside it.
 */
export function proofMessage(statement: EnrolmentStatement): Uint8Array {
  const { repository, holder, nonce } = statement.invitation;
  const digest = sha256Hex(formatStatement(statement));
  const fields = [repository.id, holder.id, nonce, sha256Hex(spkiOf(statement.publicKey)), digest];
  return domainMessage(proofDomain, fields);
}

export interface EnrolOptions {
  readonly invitation: Invitation;
  readonly signer: Signer;
  /** By default only whether it is a token or a file. */
  readonly device?: KeyDevice;
  readonly keyAttributes?: KeyAttributes;
  readonly attestation?: AttestationCertificates;
  readonly now: Date;
}

/**
 * Answers an invitation on the holder's machine, with a proof that the signer has the key.
 *
 * The caller has shown the holder whose invitation it is. For a key elsewhere, sign `proofMessage(stateEnrolment(…))`
 * and give the signature to `completeEnrolment`.
 * @throws CER_INVITATION_EXPIRED, CER_PROOF, CER_ENROLMENT, TUF_KEY, X509_PEM, X509_CERTIFICATE, and as the signer
 */
export async function enrol(options: EnrolOptions): Promise<Enrolment> {
  const { signer, now } = options;
  assertOpen(options.invitation, now);
  const kind = signer.uri.startsWith('pkcs11:') ? 'pkcs11' : 'file';
  const statement = stateEnrolment({ device: { kind }, ...options, publicKey: signer.publicKey, created: now });
  return completeEnrolment(statement, await signer.sign(proofMessage(statement)));
}

/**
 * Returns what a holder is about to prove, with certificates and time in their one spelling.
 * @throws TUF_KEY, X509_PEM, X509_CERTIFICATE
 */
export function stateEnrolment(statement: EnrolmentStatement): EnrolmentStatement {
  const { invitation, publicKey, device, keyAttributes, attestation, created } = statement;
  tufKey(publicKey);
  return {
    invitation,
    publicKey,
    device,
    keyAttributes,
    attestation: attestation && normalAttestation(attestation),
    created: floorToSecond(created),
  };
}

/**
 * Joins a statement and the signature over its `proofMessage`, which may have been made on another machine.
 * @throws CER_PROOF if it is another key's or over other bytes
 */
export function completeEnrolment(statement: EnrolmentStatement, signature: Uint8Array): Enrolment {
  const enrolment = { ...statement, proof: toHex(signature) };
  assertProof(enrolment);
  // A device can call itself what it likes; what nobody could read back is not handed over.
  return parseEnrolment(utf8(formatEnrolment(enrolment)));
}

/** @throws CER_PROOF */
export function assertProof(enrolment: Enrolment): void {
  const { publicKey, proof, invitation } = enrolment;
  if (verifySignature(publicKey, proofMessage(enrolment), parseHex(proof))) return;
  throw new ToolkitError('CER_PROOF', {
    message: `enrolment of ${invitation.holder.id}: expected a proof of possession by the enrolled key over this enrolment`,
    fault: 'evidence',
    data: { holder: invitation.holder.id, repository: invitation.repository.id },
    hint: 'it was changed after it was made, or whoever made it has not got the key: ask the holder, by another channel, to enrol again',
  });
}

/** @throws CER_INVITATION_EXPIRED */
export function assertOpen({ holder, expires }: Invitation, now: Date): void {
  if (now < expires) return;
  throw new ToolkitError('CER_INVITATION_EXPIRED', {
    message: `invitation of ${holder.id}: expected it to be answered before ${expires.toISOString()}, it is ${now.toISOString()}`,
    fault: 'input',
    data: { holder: holder.id, expires: expires.toISOString() },
    hint: `check the clock of this machine; if it is right, invite again: sigstead ceremony invite ${holder.id}`,
  });
}
