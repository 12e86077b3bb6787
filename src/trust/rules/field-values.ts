import { type FormatRule, problemsWhere } from './subject.ts';

export const fieldValues: FormatRule = {
  id: 'field-values',
  title:
    'Base64, times, names, keys and certificates parse: one that does not makes sigstore-go refuse the whole file.',
  check: (subject) => problemsWhere(subject, ({ kind, path }) => kind === 'bad-value' && path !== 'mediaType'),
};
