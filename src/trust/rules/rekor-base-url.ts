import { inTrustedRoot, isOriginUrl, type TrustRule } from './subject.ts';

export const rekorBaseUrl: TrustRule = {
  id: 'rekor-base-url',
  title: "A Rekor log's base URL is https://ORIGIN: sigstore-go takes its host as the name that signs checkpoints.",
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.tlogs, ({ baseUrl }) =>
      isOriginUrl(baseUrl)
        ? undefined
        : {
            message: `expected https:// and a lower-case host name, no port and no path, got ${baseUrl}`,
            hint: 'the address where the log is reached belongs into the signing configuration',
          },
    ),
};
