import { equalBytes } from '../../core/bytes.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const chainNoDuplicates: ChainRule = {
  id: 'chain-no-duplicates',
  title:
    'no certificate appears twice (the TSA takes a second root for an intermediate; sigstore-python refuses such an authority)',
  check: (chain) =>
    chain.certificates
      .filter((certificate, index, all) => all.slice(0, index).some((other) => equalBytes(other.der, certificate.der)))
      .map((certificate) => complain(chain, certificate, 'expected each certificate once, got this one again')),
};
