import { KeyUsageFlags } from '@peculiar/asn1-x509';
import { type ChainRule, complain } from '../chain-rule.ts';

const allowed = KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation;

export const tsaLeafKeyUsage: ChainRule = {
  id: 'tsa-leaf-key-usage',
  title:
    'the certificate that signs timestamps is for signatures and nothing else (OpenSSL in sigstore-python and others)',
  check: (chain) => {
    const [leaf] = chain.certificates;
    if (leaf?.keyUsage === undefined) return 'not-applicable';
    const isForSignatures = leaf.keyUsage !== 0 && (leaf.keyUsage & ~allowed) === 0;
    return isForSignatures
      ? []
      : [complain(chain, leaf, 'expected keyUsage with digitalSignature, nonRepudiation, or both')];
  },
};
