import type { KeyObject } from 'node:crypto';
import { ToolkitError } from '../../src/core/error.ts';
import { assertNoErrors, describeFinding, type Finding, runRules } from '../../src/core/rules.ts';
import { type PivAttestation, verifyPivAttestation } from '../../src/x509/piv-attestation.ts';
import type { AttestationTrust } from '../../src/x509/piv-chain.ts';
import type { AttestationCertificates } from './enrolment.ts';
import { attestationRules, evidenceRules } from './rules/index.ts';

/** What the devices of holders must attest. */
export interface AttestationPolicy {
  /** Whether a key without an attestation is refused. One that comes with an attestation is always judged by it. */
  readonly required: boolean;
  /** The oldest firmware, `x.y.z`. */
  readonly firmware?: string;
  /** How often at least the device must ask for a PIN (or a finger). */
  readonly pin: 'never' | 'once' | 'always';
  /** How often at least it must ask to be touched. */
  readonly touch: 'never' | 'cached' | 'always';
  /** Devices that were lost, stolen or recalled. */
  readonly revokedSerials: readonly string[];
}

/** A key of somebody else, which a new one must not be. */
export interface OtherKey {
  readonly holder: string;
  readonly publicKey: KeyObject;
  /** Serial number of the device, where it was attested. */
  readonly serial?: string;
}

export interface AttestedEnrolment {
  readonly holder: string;
  /** The key that was enrolled. */
  readonly publicKey: KeyObject;
  readonly attestation?: AttestationCertificates | undefined;
  /** When the certificates must be valid. */
  readonly at: Date;
  readonly others: readonly OtherKey[];
  /** @default Yubico's roots */
  readonly trust?: Partial<AttestationTrust> | undefined;
}

/** What the rules look at. */
export interface JudgedKey extends AttestedEnrolment {
  readonly policy: AttestationPolicy;
  /** What the device says; `undefined` where it says nothing, or nothing that leads to a pinned root. */
  readonly attested: PivAttestation | undefined;
  /** Why what it says is not believed. */
  readonly disbelief: string | undefined;
}

export interface AttestationVerdict {
  readonly attested: PivAttestation | undefined;
  readonly findings: readonly Finding[];
}

/** Judges what a device says of an enrolled key by every rule. Nothing is thrown: see `assertAttestation`. */
export function judgeAttestation(enrolled: AttestedEnrolment, policy: AttestationPolicy): AttestationVerdict {
  const { attested, disbelief } = readAttested(enrolled);
  return { attested, findings: runRules(attestationRules, { ...enrolled, policy, attested, disbelief }) };
}

/**
 * Passes if no rule complains.
 * @throws CER_ATTESTATION_FALSE if the attestation is forged, damaged or of another key
 * @throws CER_ATTESTATION_POLICY if it is true, and the policy wants more
 */
export function assertAttestation({ findings }: AttestationVerdict, holder: string): void {
  assertBelieved(findings, holder);
  assertNoErrors(findings, 'CER_ATTESTATION_POLICY', `key of ${holder}`);
}

/** @throws CER_ATTESTATION_FALSE */
export function assertBelieved(findings: readonly Finding[], holder: string): void {
  const [lie] = findings.filter(({ rule }) => evidenceRules.some(({ id }) => id === rule));
  if (!lie) return;
  throw new ToolkitError('CER_ATTESTATION_FALSE', {
    message: `key of ${holder}: ${describeFinding(lie)}`,
    fault: 'evidence',
    data: { holder, rule: lie.rule },
    hint: 'ask the holder, by another channel, for a new attestation by the device that has the key',
  });
}

function readAttested({ attestation, at, trust }: AttestedEnrolment): Pick<JudgedKey, 'attested' | 'disbelief'> {
  if (!attestation) return { attested: undefined, disbelief: undefined };
  try {
    return { attested: verifyPivAttestation({ ...trust, ...attestation, now: at }), disbelief: undefined };
  } catch (error) {
    if (!(error instanceof ToolkitError)) throw error;
    return { attested: undefined, disbelief: error.message };
  }
}
