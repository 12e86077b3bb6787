import { inTrustedRoot, isOriginUrl, type TrustRule } from './subject.ts';

export const ctBaseUrl: TrustRule = {
  id: 'ct-base-url',
  title: "A CT log's base URL is https://ORIGIN: monitors of static CT logs take the checkpoint's name from it.",
  // No client reads it, and logs of the older kind (RFC 6962) are told apart by a path.
  severity: 'warning',
  check: ({ trustedRoot }) =>
    inTrustedRoot(trustedRoot.ctlogs, ({ baseUrl }) =>
      isOriginUrl(baseUrl)
        ? undefined
        : { message: `expected https:// and a lower-case host name, no port and no path, got ${baseUrl}` },
    ),
};
