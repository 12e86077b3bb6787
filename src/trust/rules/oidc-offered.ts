import { isValidAt } from '../period.ts';
import { aboutSigningConfig, type TrustRule } from './subject.ts';

export const oidcOffered: TrustRule = {
  id: 'oidc-offered',
  title: 'An OpenID provider is offered now: without, cosign and sigstore-python cannot log a person in.',
  // An instance for CI alone needs none: its signers bring their token.
  severity: 'warning',
  check: ({ signingConfig: { oidc }, now }) =>
    oidc.some(({ validFor }) => isValidAt(validFor, now))
      ? []
      : [aboutSigningConfig('oidcUrls', { message: 'expected an OpenID provider that is valid now, got none' })],
};
