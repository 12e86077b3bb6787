import type { KeyObject } from 'node:crypto';
import { authoritiesOf, type ChainRule, complain } from '../chain-rule.ts';

const curves = ['prime256v1', 'secp384r1', 'secp521r1'];

export const fulcioPublicKeys: ChainRule = {
  id: 'fulcio-public-keys',
  title: 'every authority has a P-256, P-384, P-521 or RSA key of at least 2048 bits (sigstore-python)',
  check: (chain) =>
    authoritiesOf(chain)
      .filter(({ publicKey }) => !isPermitted(publicKey))
      .map((certificate) => {
        const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
        const got = [asymmetricKeyType, asymmetricKeyDetails?.namedCurve, asymmetricKeyDetails?.modulusLength];
        return complain(
          chain,
          certificate,
          `expected ECDSA on a NIST curve or RSA, got ${got.filter(Boolean).join(' ')}`,
        );
      }),
};

function isPermitted({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'ec') return curves.includes(asymmetricKeyDetails?.namedCurve ?? '');
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}
