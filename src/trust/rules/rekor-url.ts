import { inSigningConfig, type TrustRule } from './subject.ts';

export const rekorUrl: TrustRule = {
  id: 'rekor-url',
  title: "Rekor's URL has no slash at the end: sigstore-js and sigstore-python append a path that starts with one.",
  check: ({ signingConfig }) =>
    inSigningConfig(signingConfig.rekor, ({ url }) =>
      url.endsWith('/') ? { message: `expected no slash at the end, got ${url}` } : undefined,
    ),
};
