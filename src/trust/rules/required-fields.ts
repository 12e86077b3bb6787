import { type FormatRule, isStart, problemsWhere } from './subject.ts';

export const requiredFields: FormatRule = {
  id: 'required-fields',
  title: 'No required field is missing: sigstore-go ("tlog missing log ID") and sigstore-python refuse the whole file.',
  check: (subject) =>
    problemsWhere(subject, ({ kind, path }) => kind === 'missing-field' && path !== 'mediaType' && !isStart(path)),
};
