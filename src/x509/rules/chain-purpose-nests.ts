import { type ChainRule, complain } from '../chain-rule.ts';
import { nameOfOid, oid } from '../oids.ts';

export const chainPurposeNests: ChainRule = {
  id: 'chain-purpose-nests',
  title:
    'a certificate that limits its purposes allows the one this chain is for (Fulcio, the TSA and Go clients, up to the root)',
  check: (chain) => {
    const purpose = chain.use === 'fulcio' ? oid.codeSigning : oid.timeStamping;
    return chain.certificates
      .filter(
        ({ extendedKeyUsage: allowed }) =>
          allowed && !allowed.includes(purpose) && !allowed.includes(oid.anyExtendedKeyUsage),
      )
      .map((certificate) =>
        complain(
          chain,
          certificate,
          `expected the extended key usage ${nameOfOid(purpose)}, got ${certificate.extendedKeyUsage?.map(nameOfOid).join(', ')}`,
          'have it issued with this extended key usage; an authority for TLS cannot be used here',
        ),
      );
  },
};
