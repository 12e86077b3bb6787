import { formatInstant } from '../../core/clock.ts';
import { type ChainRule, complain, linksOf } from '../chain-rule.ts';

export const chainValidityNests: ChainRule = {
  id: 'chain-validity-nests',
  title: 'no certificate is valid when its issuer is not (every verifier checks the whole path at the time of signing)',
  check: (chain) =>
    linksOf(chain).flatMap(({ certificate, issuer }) => [
      ...(certificate.notBefore.at < issuer.notBefore.at
        ? [
            complain(
              chain,
              certificate,
              `expected to start at ${formatInstant(issuer.notBefore.at)} with its issuer or later, got ${formatInstant(certificate.notBefore.at)}`,
            ),
          ]
        : []),
      ...(certificate.notAfter.at > issuer.notAfter.at
        ? [
            complain(
              chain,
              certificate,
              `expected to end at ${formatInstant(issuer.notAfter.at)} with its issuer or earlier, got ${formatInstant(certificate.notAfter.at)}`,
            ),
          ]
        : []),
    ]),
};
