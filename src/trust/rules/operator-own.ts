import { allServices, inSigningConfig, type TrustRule } from './subject.ts';

const publicOperator = 'sigstore.dev';

export const operatorOwn: TrustRule = {
  id: 'operator-own',
  title: `No service claims the operator ${publicOperator}: clients that trust both would count it as the public one.`,
  check: (subject) =>
    inSigningConfig(allServices(subject), ({ operator }) =>
      operator === publicOperator || operator.endsWith(`.${publicOperator}`)
        ? { message: `expected an operator of your own, got ${operator}`, hint: 'use a name under your own domain' }
        : undefined,
    ),
};
