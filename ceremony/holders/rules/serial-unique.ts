import type { Rule } from '../../../src/core/rules.ts';
import type { JudgedKey } from '../attestation.ts';

export const serialUnique: Rule<JudgedKey> = {
  id: 'serial-unique',
  title: 'two holders do not share one device: whoever has it would sign for both',
  check: ({ attested, holder, others }) => {
    if (!attested) return 'not-applicable';
    return others
      .filter((other) => other.holder !== holder && other.serial === attested.serial)
      .map((other) => ({
        where: 'serial',
        message: `expected a device of their own, got ${attested.serial}, which is ${other.holder}'s`,
        hint: 'each holder needs a device of their own',
      }));
  },
};
