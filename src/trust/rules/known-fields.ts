import { type FormatRule, problemsWhere } from './subject.ts';

export const knownFields: FormatRule = {
  id: 'known-fields',
  title:
    'No field is unknown to the schema: sigstore-go and sigstore-python (old ones for operator) refuse the whole file.',
  check: (subject) => problemsWhere(subject, ({ kind }) => kind === 'unknown-field'),
};
