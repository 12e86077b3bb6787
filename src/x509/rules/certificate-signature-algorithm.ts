import { toHex } from '../../core/bytes.ts';
import type { Certificate } from '../certificate.ts';
import { type ChainRule, complain, type LintedChain } from '../chain-rule.ts';
import { nameOfOid } from '../oids.ts';

/** DER of the identifiers with the one spelling of their parameters: absent for ECDSA, NULL for RSA. */
const permitted: readonly string[] = [
  '300a06082a8648ce3d040302', // ECDSA with SHA-256, SHA-384, SHA-512
  '300a06082a8648ce3d040303',
  '300a06082a8648ce3d040304',
  '300d06092a864886f70d01010b0500', // RSA PKCS #1 v1.5 with SHA-256, SHA-384, SHA-512
  '300d06092a864886f70d01010c0500',
  '300d06092a864886f70d01010d0500',
];

const ed25519 = '300506032b6570';

export const certificateSignatureAlgorithm: ChainRule = {
  id: 'certificate-signature-algorithm',
  title:
    'certificates are signed with ECDSA, or RSA PKCS #1 v1.5, over SHA-2 (Go refuses SHA-1, sigstore-js RSA-PSS, sigstore-python Ed25519 below Fulcio)',
  check: (chain) =>
    chain.certificates
      .filter((certificate) => !isPermitted(chain, certificate))
      .map((certificate) => {
        const got = nameOfOid(certificate.signatureAlgorithm.oid);
        return complain(
          chain,
          certificate,
          `expected ECDSA or RSA (PKCS #1 v1.5) with SHA-256, SHA-384 or SHA-512, got ${got}`,
        );
      }),
};

function isPermitted(chain: LintedChain, certificate: Certificate): boolean {
  const algorithm = toHex(certificate.signatureAlgorithm.outer);
  return permitted.includes(algorithm) || (chain.use === 'tsa' && algorithm === ed25519);
}
