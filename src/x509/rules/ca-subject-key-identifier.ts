import { authoritiesOf, type ChainRule, complain } from '../chain-rule.ts';

export const caSubjectKeyIdentifier: ChainRule = {
  id: 'ca-subject-key-identifier',
  title:
    'every certificate that issues has a subject key identifier (without it Fulcio’s certificates lack the authority key identifier that sigstore-python demands)',
  check: (chain) =>
    authoritiesOf(chain)
      .filter(({ subjectKeyId }) => !subjectKeyId?.length)
      .map((certificate) => complain(chain, certificate, 'expected a subject key identifier')),
};
