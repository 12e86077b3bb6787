import type { RootPolicy } from '../src/config/root-policy.ts';
import type { AttestationPolicy } from './holders/attestation.ts';

/** Returns what a policy asks of devices; where it asks for nothing, an attestation that comes all the same is judged. */
export function attestationPolicyOf({ ceremony }: RootPolicy): AttestationPolicy {
  const { attestation } = ceremony;
  if (!attestation) return { required: false, pin: 'never', touch: 'never', revokedSerials: [] };
  return { ...attestation, required: true, revokedSerials: attestation.revokedSerials.map(String) };
}
