import { allServices, earlierTwin, inSigningConfig, kindOf, type TrustRule } from './subject.ts';

export const operatorAcrossKinds: TrustRule = {
  id: 'operator-across-kinds',
  title: 'Services of different kinds have different operators, for policies that ask for independent ones.',
  // No client looks across kinds yet; protobuf-specs#634 is the discussion.
  severity: 'warning',
  check: (subject) => {
    const services = allServices(subject);
    return inSigningConfig(services, (service) => {
      const twin = earlierTwin(services, service, ({ operator }) => operator);
      if (twin === undefined || kindOf(twin) === kindOf(service)) return undefined;
      return { message: `expected an operator of its own, got ${service.operator}, as ${twin.path}` };
    });
  },
};
