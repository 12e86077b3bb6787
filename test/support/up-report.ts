import type { UpReport } from '../../operate/up-report.ts';

const state = '/home/dev/.local/state/sigstead/local';

/** What the first `up` of a user `dev` tells when cosign has not signed yet. */
export const sampleUpReport: UpReport = {
  instance: 'local',
  state,
  tufUrl: 'http://127.0.0.1:20001',
  issuer: 'http://127.0.0.1:20002',
  user: 'dev@example.com',
  root: {
    file: `${state}/root-signing/1.root.json`,
    sha256: 'a'.repeat(64),
    signedSha256: 'b'.repeat(64),
    threshold: 3,
    holders: 5,
  },
  services: ['fulcio', 'rekor-log2026-1'],
  phases: [{ name: 'start', ms: 900 }],
  firstMs: 5_340,
  signatures: [{ signedBy: 'sigstore-js 5.0.0', verifiedBy: ['sigstore-js 5.0.0'] }],
};
