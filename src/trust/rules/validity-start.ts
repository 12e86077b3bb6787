import { type FormatRule, isStart, problemsWhere } from './subject.ts';

export const validityStart: FormatRule = {
  id: 'validity-start',
  title: 'Every period has a start: sigstore-go refuses a log without one, sigstore-js trusts it from 1970 on.',
  check: (subject) => problemsWhere(subject, (problem) => problem.kind === 'missing-field' && isStart(problem.path)),
};
