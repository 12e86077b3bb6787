import { isValidAt } from '../period.ts';
import { aboutSigningConfig, type TrustRule } from './subject.ts';

export const serviceAvailable: TrustRule = {
  id: 'service-available',
  title: 'A Fulcio and a Rekor are offered now: sigstore-python and cosign refuse to sign without.',
  check: ({ signingConfig, now }) =>
    Object.entries({ caUrls: signingConfig.fulcio, rekorTlogUrls: signingConfig.rekor }).flatMap(([field, services]) =>
      services.some(({ validFor }) => isValidAt(validFor, now))
        ? []
        : [aboutSigningConfig(field, { message: 'expected a service that is valid now, got none' })],
    ),
};
