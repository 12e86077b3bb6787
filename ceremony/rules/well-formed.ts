import { utf8 } from '../../src/core/bytes.ts';
import type { Rule } from '../../src/core/rules.ts';
import { formatMetadata, parseMetadata } from '../../src/tuf/metadata.ts';
import type { Plan } from '../plan.ts';

/** Throws where it is violated; `runRules` makes that a finding. The other rules look at the parsed payloads. */
export const wellFormed: Rule<Plan> = {
  id: 'well-formed',
  title: 'every payload is metadata of its role that our own strict parser reads, in the size that clients accept',
  check: (plan) => {
    for (const { role, signed } of plan.payloads) parseMetadata(utf8(formatMetadata(signed, [])), role);
    return [];
  },
};
