import { inSigningConfig, type TrustRule } from './subject.ts';

export const fulcioUrl: TrustRule = {
  id: 'fulcio-url',
  title:
    "Fulcio's URL has no path and no slash at the end: sigstore-python drops a path, sigstore-js doubles the slash.",
  check: ({ signingConfig }) =>
    inSigningConfig(signingConfig.fulcio, ({ url }) =>
      URL.canParse(url) && new URL(url).origin === url
        ? undefined
        : { message: `expected a URL like https://fulcio.example.com, got ${url}` },
    ),
};
