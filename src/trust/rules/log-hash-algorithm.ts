import { allLogs, inTrustedRoot, type TrustRule } from './subject.ts';

export const logHashAlgorithm: TrustRule = {
  id: 'log-hash-algorithm',
  title: "A log's tree is built with SHA-256: sigstore-go refuses the whole file otherwise.",
  check: (subject) =>
    inTrustedRoot(allLogs(subject), ({ hashAlgorithm }) =>
      hashAlgorithm === 'SHA2_256' ? undefined : { message: `expected SHA2_256, got ${hashAlgorithm}` },
    ),
};
