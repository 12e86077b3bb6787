import { type ChainRule, complain } from '../chain-rule.ts';
import { nameOfOid } from '../oids.ts';

export const certificateExtensionsUnique: ChainRule = {
  id: 'certificate-extensions-unique',
  title: 'no certificate has an extension twice (Fulcio and the TSA: Go cannot read it)',
  check: (chain) =>
    chain.certificates.flatMap((certificate) => {
      const ids = certificate.extensions.map((extension) => extension.oid);
      const repeated = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
      return [...repeated].map((id) => complain(chain, certificate, `expected the extension ${nameOfOid(id)} once`));
    }),
};
