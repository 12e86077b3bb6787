import { type FormatRule, isStart, problemsWhere } from './subject.ts';

export const validityStart: FormatRule = {
  id: 'validity-start',
  title: 'Every authority and service has a start: sigstore-go refuses logs without one, others trust them forever.',
  check: (subject) => problemsWhere(subject, (problem) => problem.kind === 'missing-field' && isStart(problem.path)),
};
