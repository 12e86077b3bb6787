import { formatInstant } from '../../core/clock.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const chainValidNow: ChainRule = {
  id: 'chain-valid-now',
  title: 'every certificate is valid now (Fulcio and the TSA, at start)',
  check: (chain) =>
    chain.certificates
      .filter(({ notBefore, notAfter }) => chain.now < notBefore.at || chain.now > notAfter.at)
      .map((certificate) => {
        const { notBefore, notAfter } = certificate;
        const period = `${formatInstant(notBefore.at)} to ${formatInstant(notAfter.at)}`;
        const state = chain.now < notBefore.at ? 'is not valid yet' : 'has expired';
        return complain(
          chain,
          certificate,
          `${state}: expected ${formatInstant(chain.now)} to be within ${period}`,
          'issue a new certificate, or correct the clock',
        );
      }),
};
