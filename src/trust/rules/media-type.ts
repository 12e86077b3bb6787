import { type FormatRule, problemsWhere } from './subject.ts';

export const mediaType: FormatRule = {
  id: 'media-type',
  title: 'Each file names the one media type that sigstore-go, sigstore-python and sigstore-java all accept.',
  check: (subject) => problemsWhere(subject, ({ path }) => path === 'mediaType'),
};
