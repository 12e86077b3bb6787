import type { OfferedService } from '../signing-config.ts';
import { inSigningConfig, type TrustRule } from './subject.ts';

export const apiVersion: TrustRule = {
  id: 'api-version',
  title: 'Rekor has API version 1 or 2, all other services 1: every client skips a service of another version.',
  check: ({ signingConfig: { fulcio, oidc, rekor, timestamps } }) => [
    ...unsupported(rekor, [1, 2]),
    ...unsupported([...fulcio, ...oidc, ...timestamps], [1]),
  ],
};

function unsupported(services: readonly OfferedService[], versions: readonly number[]) {
  return inSigningConfig(services, ({ majorApiVersion }) =>
    versions.includes(majorApiVersion)
      ? undefined
      : { message: `expected majorApiVersion ${versions.join(' or ')}, got ${majorApiVersion}` },
  );
}
