import { type ChainRule, complain } from '../chain-rule.ts';
import { oid } from '../oids.ts';

export const fulcioPurposeNotCritical: ChainRule = {
  id: 'fulcio-purpose-not-critical',
  title: 'an authority of Fulcio does not mark its extended key usage critical (sigstore-python)',
  check: (chain) =>
    chain.certificates
      .filter(({ extensions }) => extensions.some(({ oid: id, critical }) => id === oid.extendedKeyUsage && critical))
      .map((certificate) => complain(chain, certificate, 'expected extendedKeyUsage not to be critical')),
};
