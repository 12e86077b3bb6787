import { authoritiesOf, type ChainRule, complain } from '../chain-rule.ts';
import { oid } from '../oids.ts';

export const caBasicConstraints: ChainRule = {
  id: 'ca-basic-constraints',
  title:
    'every certificate that issues says so, critically (Fulcio and the TSA want cA, sigstore-python the criticality)',
  check: (chain) =>
    authoritiesOf(chain)
      .filter(({ basicConstraints, extensions }) => {
        const isCritical = extensions.some((extension) => extension.oid === oid.basicConstraints && extension.critical);
        return !basicConstraints?.isCa || !isCritical;
      })
      .map((certificate) =>
        complain(
          chain,
          certificate,
          'expected critical basic constraints with cA',
          'have it issued as a certificate authority',
        ),
      ),
};
