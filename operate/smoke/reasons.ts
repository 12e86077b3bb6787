import type { SigstoreClient } from '../clients/client.ts';

export type Refusal = 'changed-artifact' | 'wrong-identity' | 'wrong-issuer' | 'other-instance' | 'expired-timestamp';

/** How each client says why it refuses. Their words are their own, so they are kept in one place. */
export const reasons: Readonly<Record<SigstoreClient['name'], Readonly<Record<Refusal, RegExp>>>> = {
  cosign: {
    'changed-artifact': /x/,
    'wrong-identity': /x/,
    'wrong-issuer': /x/,
    'other-instance': /x/,
    'expired-timestamp': /x/,
  },
  'sigstore-js': {
    'changed-artifact': /x/,
    'wrong-identity': /x/,
    'wrong-issuer': /x/,
    'other-instance': /x/,
    'expired-timestamp': /x/,
  },
  'sigstore-python': {
    'changed-artifact': /x/,
    'wrong-identity': /x/,
    'wrong-issuer': /x/,
    'other-instance': /x/,
    'expired-timestamp': /x/,
  },
};
