import { inSigningConfig, type TrustRule } from './subject.ts';

const timestampPath = '/api/v1/timestamp';

export const tsaUrl: TrustRule = {
  id: 'tsa-url',
  title: `A timestamp authority's URL ends in ${timestampPath}: sigstore-go and sigstore-python post to it as it stands.`,
  check: ({ signingConfig }) =>
    inSigningConfig(signingConfig.timestamps, ({ url }) =>
      URL.canParse(url) && new URL(url).pathname === timestampPath
        ? undefined
        : { message: `expected a URL like https://tsa.example.com${timestampPath}, got ${url}` },
    ),
};
