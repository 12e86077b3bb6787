import { type ChainRule, complain } from '../chain-rule.ts';
import { oid } from '../oids.ts';

export const fulcioNoNameConstraints: ChainRule = {
  id: 'fulcio-no-name-constraints',
  title:
    'no authority limits names: clients apply the limit to the identity in every signing certificate (Go clients, sigstore-python)',
  severity: 'warning',
  check: (chain) =>
    chain.certificates
      .filter(({ extensions }) => extensions.some((extension) => extension.oid === oid.nameConstraints))
      .map((certificate) =>
        complain(
          chain,
          certificate,
          'expected no name constraints',
          'make sure that they permit every e-mail address and URI that will sign',
        ),
      ),
};
