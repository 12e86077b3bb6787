import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';
import { attestationChain } from './attestation-chain.ts';
import { attestationPresent } from './attestation-present.ts';
import { attestedKeyMatches } from './attested-key-matches.ts';
import { firmwareFloor } from './firmware-floor.ts';
import { pinPolicy } from './pin-policy.ts';
import { serialNotRevoked } from './serial-not-revoked.ts';
import { serialUnique } from './serial-unique.ts';
import { touchPolicy } from './touch-policy.ts';

/** Rules whose violation means that somebody forged or changed an attestation. */
export const evidenceRules: readonly Rule<JudgedKey>[] = [attestationChain, attestedKeyMatches];

/** Every rule that a holder's device must pass, in the order of the report. */
export const attestationRules: readonly Rule<JudgedKey>[] = [
  attestationPresent,
  ...evidenceRules,
  firmwareFloor,
  pinPolicy,
  touchPolicy,
  serialNotRevoked,
  serialUnique,
];
