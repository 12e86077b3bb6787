import { formatInstant } from '../../core/clock.ts';
import { allServices, inSigningConfig, type TrustRule } from './subject.ts';

export const serviceStart: TrustRule = {
  id: 'service-start',
  title: 'No service is offered before its start: sigstore-js ignores the start and would use it now.',
  check: (subject) =>
    inSigningConfig(allServices(subject), ({ validFor: { start } }) =>
      start <= subject.now
        ? undefined
        : {
            message: `expected a start that has come, got ${formatInstant(start)}`,
            hint: 'publish this signing configuration once the service has started',
          },
    ),
};
