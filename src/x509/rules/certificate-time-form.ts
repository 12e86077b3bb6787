import type { Certificate, CertificateTime } from '../certificate.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const certificateTimeForm: ChainRule = {
  id: 'certificate-time-form',
  title: 'dates before 2050 are written as UTCTime (sigstore-python, RFC 5280 §4.1.2.5)',
  check: (chain) =>
    chain.certificates.flatMap((certificate) =>
      timesOf(certificate)
        .filter(
          ({ at, form }) => form === 'GeneralizedTime' && at.getUTCFullYear() >= 1950 && at.getUTCFullYear() < 2050,
        )
        .map(({ at }) => complain(chain, certificate, `expected ${at.toISOString()} as UTCTime, got GeneralizedTime`)),
    ),
};

function timesOf({ notBefore, notAfter }: Certificate): readonly CertificateTime[] {
  return [notBefore, notAfter];
}
