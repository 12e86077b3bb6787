import { type ChainRule, complain } from '../chain-rule.ts';
import { oid } from '../oids.ts';

export const tsaIntermediateTimeStamping: ChainRule = {
  id: 'tsa-intermediate-time-stamping',
  title:
    'an intermediate between leaf and root has the extended key usage timeStamping (TSA, at start; "any" does not count)',
  check: (chain) => {
    const intermediates = chain.certificates.slice(1, -1);
    if (intermediates.length === 0) return 'not-applicable';
    return intermediates
      .filter(({ extendedKeyUsage = [] }) => !extendedKeyUsage.includes(oid.timeStamping))
      .map((certificate) =>
        complain(
          chain,
          certificate,
          'expected the extended key usage timeStamping',
          'have it issued with timeStamping, or have the leaf issued by the root itself',
        ),
      );
  },
};
