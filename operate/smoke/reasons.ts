import type { SigstoreClient } from '../clients/client.ts';

export type Refusal = 'changed-artifact' | 'wrong-identity' | 'wrong-issuer' | 'other-instance' | 'expired-timestamp';

/** How each client says why it refuses. Their words are their own, so they are kept in one place. */
export const reasons: Readonly<Record<SigstoreClient['name'], Readonly<Record<Refusal, RegExp>>>> = {
  cosign: {
    'changed-artifact': /invalid signature when validating/,
    'wrong-identity': /expected SAN value/,
    'wrong-issuer': /expected issuer value/,
    'other-instance': /not enough verified log entries/,
    'expired-timestamp': /timestamp\.json is expired/,
  },
  'sigstore-js': {
    'changed-artifact': /signature verification failed/,
    'wrong-identity': /certificate identity error/,
    'wrong-issuer': /invalid certificate extension - expected issuer/,
    'other-instance': /timestamp could not be verified/,
    'expired-timestamp': /timestamp\.json is expired/,
  },
  'sigstore-python': {
    'changed-artifact': /digest mismatch/,
    'wrong-identity': /SANs do not match/,
    'wrong-issuer': /OIDCIssuer does not match/,
    'other-instance': /not enough sources of verified time/,
    'expired-timestamp': /expired/i,
  },
};
