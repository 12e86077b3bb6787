import { overlaps } from '../period.ts';
import type { OfferedService } from '../signing-config.ts';
import { inSigningConfig, type TrustRule } from './subject.ts';

export const operatorPerService: TrustRule = {
  id: 'operator-per-service',
  title: 'Two services of one kind have two operators: sigstore-go and sigstore-python use one service per operator.',
  check: ({ signingConfig: { fulcio, oidc, rekor, timestamps } }) => [fulcio, oidc, rekor, timestamps].flatMap(shared),
};

/** An operator may offer two API versions, of which clients take the newer, and one service after another. */
function shared(services: readonly OfferedService[]) {
  return inSigningConfig(services, (service) => {
    const before = services.slice(0, services.indexOf(service));
    const rival = before.find(
      ({ operator, majorApiVersion, validFor }) =>
        operator === service.operator &&
        majorApiVersion === service.majorApiVersion &&
        overlaps(validFor, service.validFor),
    );
    return rival && { message: `expected an operator of its own, got ${service.operator}, as ${rival.path}` };
  });
}
