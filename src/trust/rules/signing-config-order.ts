import type { OfferedService } from '../signing-config.ts';
import { aboutSigningConfig, type TrustRule } from './subject.ts';

export const signingConfigOrder: TrustRule = {
  id: 'signing-config-order',
  title: 'Each list of the signing configuration is newest first: sigstore-python signs with the first.',
  check: ({ signingConfig: { fulcio, oidc, rekor, timestamps } }) =>
    [fulcio, oidc, rekor, timestamps].flatMap(misplaced),
};

function misplaced(services: readonly OfferedService[]) {
  const early = services.find((service, index) => {
    const next = services[index + 1];
    return next !== undefined && service.validFor.start < next.validFor.start;
  });
  if (early === undefined) return [];
  return [
    aboutSigningConfig(early.path, { message: 'expected the newest service first, got a newer one behind this' }),
  ];
}
