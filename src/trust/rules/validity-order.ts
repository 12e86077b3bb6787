import { formatInstant } from '../../core/clock.ts';
import type { AuthorityPeriod } from '../period.ts';
import { allServices, inSigningConfig, inTrustedRoot, listsOf, type TrustRule } from './subject.ts';

export const validityOrder: TrustRule = {
  id: 'validity-order',
  title: 'A period starts before it ends: no client accepts a signature of an empty one.',
  check: (subject) => [
    ...inTrustedRoot(Object.values(listsOf(subject)).flat(), ({ validFor }) => objection(validFor)),
    ...inSigningConfig(allServices(subject), ({ validFor }) => objection(validFor)),
  ],
};

function objection({ start, end }: AuthorityPeriod) {
  if (end === undefined || start < end) return undefined;
  return { message: `expected a start before the end ${formatInstant(end)}, got ${formatInstant(start)}` };
}
