import { equalBytes } from '../../core/bytes.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const certificateSignatureAlgorithmAgrees: ChainRule = {
  id: 'certificate-signature-algorithm-agrees',
  title: 'a certificate names the same signature algorithm inside and outside (Go cannot read others)',
  check: (chain) =>
    chain.certificates
      .filter(({ signatureAlgorithm: { outer, inner } }) => !equalBytes(outer, inner))
      .map((certificate) =>
        complain(chain, certificate, 'expected the signed and the outer signature algorithm to agree'),
      ),
};
