import { type ChainRule, complain } from '../chain-rule.ts';
import { nameOfOid, oid } from '../oids.ts';

export const fulcioCodeSigning: ChainRule = {
  id: 'fulcio-code-signing',
  title: 'an intermediate that issues has the extended key usage codeSigning (Fulcio, at start; "any" does not count)',
  check: (chain) => {
    const [first, ...others] = chain.certificates;
    if (first === undefined || others.length === 0) return 'not-applicable';
    const purposes = first.extendedKeyUsage ?? [];
    if (purposes.includes(oid.codeSigning)) return [];
    const got = purposes.length === 0 ? 'none' : purposes.map(nameOfOid).join(', ');
    return [
      complain(
        chain,
        first,
        `expected the extended key usage codeSigning, got ${got}`,
        'have the intermediate issued with extendedKeyUsage = codeSigning',
      ),
    ];
  },
};
