import { formatInstant } from '../../core/clock.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const chainOutlives: ChainRule = {
  id: 'chain-outlives',
  title: 'every certificate is valid for as long as it will be used (sigstead, where the caller says how long)',
  check: (chain) => {
    const until = chain.outlives;
    if (until === undefined) return 'not-applicable';
    return chain.certificates
      .filter(({ notAfter }) => notAfter.at < until)
      .map((certificate) =>
        complain(
          chain,
          certificate,
          `expected to be valid until ${formatInstant(until)}, got ${formatInstant(certificate.notAfter.at)}`,
          'issue a longer-lived certificate, or plan the rotation before it ends',
        ),
      );
  },
};
