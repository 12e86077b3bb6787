import { type ChainRule, complain } from '../chain-rule.ts';

export const certificateVersion: ChainRule = {
  id: 'certificate-version',
  title: 'every certificate is X.509 version 3 (sigstore-python)',
  check: (chain) =>
    chain.certificates
      .filter(({ version }) => version !== 3)
      .map((certificate) =>
        complain(chain, certificate, `expected X.509 version 3, got version ${certificate.version}`),
      ),
};
