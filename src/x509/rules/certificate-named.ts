import { type ChainRule, complain } from '../chain-rule.ts';

const emptyNameBytes = 2;

export const certificateNamed: ChainRule = {
  id: 'certificate-named',
  title: 'every certificate has a subject and an issuer that are not empty (sigstore-python, RFC 5280 §4.1.2.4)',
  check: (chain) =>
    chain.certificates
      .filter(({ subject, issuer }) => subject.length <= emptyNameBytes || issuer.length <= emptyNameBytes)
      .map((certificate) => complain(chain, certificate, 'expected a subject and an issuer, got an empty name')),
};
