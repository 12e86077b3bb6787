import { type ChainRule, complain } from '../chain-rule.ts';
import { nameOfOid, oid } from '../oids.ts';

export const tsaLeafTimeStamping: ChainRule = {
  id: 'tsa-leaf-time-stamping',
  title:
    'the certificate that signs timestamps has the extended key usage timeStamping and no other (TSA, at start; RFC 3161 §2.3)',
  check: (chain) => {
    const [leaf] = chain.certificates;
    const purposes = leaf?.extendedKeyUsage ?? [];
    if (leaf === undefined || (purposes.length === 1 && purposes[0] === oid.timeStamping)) return [];
    const got = purposes.length === 0 ? 'none' : purposes.map(nameOfOid).join(', ');
    return [complain(chain, leaf, `expected the extended key usage timeStamping alone, got ${got}`)];
  },
};
