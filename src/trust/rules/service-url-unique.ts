import type { OfferedService } from '../signing-config.ts';
import { earlierTwin, inSigningConfig, type TrustRule } from './subject.ts';

export const serviceUrlUnique: TrustRule = {
  id: 'service-url-unique',
  title: 'No service is offered twice: sigstore-go and sigstore-python would put two of its timestamps on a bundle.',
  check: ({ signingConfig: { fulcio, oidc, rekor, timestamps } }) =>
    [fulcio, oidc, rekor, timestamps].flatMap(repeated),
};

function repeated(services: readonly OfferedService[]) {
  return inSigningConfig(services, (service) => {
    const twin = earlierTwin(services, service, ({ url }) => url);
    return twin && { message: `expected each service once, got ${service.url} here and as ${twin.path}` };
  });
}
