import { KeyUsageFlags } from '@peculiar/asn1-x509';
import { authoritiesOf, type ChainRule, complain } from '../chain-rule.ts';

export const caKeyUsage: ChainRule = {
  id: 'ca-key-usage',
  title: 'every certificate that issues may sign certificates (sigstore-python wants keyUsage, Go honours it)',
  check: (chain) =>
    authoritiesOf(chain)
      .filter(({ keyUsage = 0 }) => (keyUsage & KeyUsageFlags.keyCertSign) === 0)
      .map((certificate) => complain(chain, certificate, 'expected keyUsage with keyCertSign')),
};
