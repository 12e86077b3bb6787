import { type ChainRule, complain } from '../chain-rule.ts';
import { oid } from '../oids.ts';

export const tsaLeafPurposeCritical: ChainRule = {
  id: 'tsa-leaf-purpose-critical',
  title: 'the certificate that signs timestamps marks its extended key usage critical (TSA, at start; every client)',
  check: (chain) => {
    const [leaf] = chain.certificates;
    const extension = leaf?.extensions.find((candidate) => candidate.oid === oid.extendedKeyUsage);
    if (leaf === undefined || extension === undefined) return 'not-applicable';
    return extension.critical ? [] : [complain(chain, leaf, 'expected extendedKeyUsage to be critical')];
  },
};
