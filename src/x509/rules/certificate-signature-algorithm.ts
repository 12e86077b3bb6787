import { type ChainRule, complain } from '../chain-rule.ts';
import { nameOfOid, oid } from '../oids.ts';

const permitted: readonly string[] = [
  oid.ecdsaWithSha256,
  oid.ecdsaWithSha384,
  oid.ecdsaWithSha512,
  oid.rsaWithSha256,
  oid.rsaWithSha384,
  oid.rsaWithSha512,
  oid.rsaPss,
];

export const certificateSignatureAlgorithm: ChainRule = {
  id: 'certificate-signature-algorithm',
  title: 'every certificate is signed with ECDSA or RSA over SHA-2 (Go refuses SHA-1, sigstore-python Ed25519)',
  check: (chain) =>
    chain.certificates
      .filter(({ signatureAlgorithm }) => !permitted.includes(signatureAlgorithm.oid))
      .map((certificate) =>
        complain(
          chain,
          certificate,
          `expected an ECDSA or RSA signature over SHA-256, SHA-384 or SHA-512, got ${nameOfOid(certificate.signatureAlgorithm.oid)}`,
        ),
      ),
};
