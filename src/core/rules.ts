import { describeCause, type ErrorCode, ToolkitError } from './error.ts';

/** What a rule found wrong with its subject, in words for a person. */
export interface Complaint {
  /** The exact place: a certificate's subject, a JSON path, a file. */
  readonly where: string;
  /** Lower case, `expected X, got Y`. */
  readonly message: string;
  readonly hint?: string;
}

/** One named check. Its id appears in the output, the docs and its pair of tests (violates, complies). */
export interface Rule<Subject> {
  /** kebab-case, e.g. `fulcio-intermediate-code-signing`. */
  readonly id: string;
  /** What must hold, as a sentence, and who enforces it. */
  readonly title: string;
  /** @default 'error' */
  readonly severity?: 'error' | 'warning';
  /** Returns the violations, or `'not-applicable'`, which is not the same as having passed. */
  check(subject: Subject): readonly Complaint[] | 'not-applicable';
}

export interface Finding extends Complaint {
  readonly rule: string;
  readonly severity: 'error' | 'warning';
}

/** Runs every rule. A rule that throws has not passed: its failure is a finding of severity `error`. */
export function runRules<Subject>(rules: readonly Rule<Subject>[], subject: Subject): readonly Finding[] {
  return rules.flatMap((rule) => runRule(rule, subject));
}

export interface RuleOutcome {
  readonly rule: string;
  readonly outcome: 'passed' | 'violated' | 'not-applicable';
}

/** Says of each rule what came of it: one that has nothing to look at has not passed. */
export function ruleOutcomes<Subject>(rules: readonly Rule<Subject>[], subject: Subject): readonly RuleOutcome[] {
  return rules.map((rule) => {
    if (runRule(rule, subject).length > 0) return { rule: rule.id, outcome: 'violated' };
    return { rule: rule.id, outcome: rule.check(subject) === 'not-applicable' ? 'not-applicable' : 'passed' };
  });
}

function runRule<Subject>(rule: Rule<Subject>, subject: Subject): readonly Finding[] {
  const severity = rule.severity ?? 'error';
  try {
    const complaints = rule.check(subject);
    if (complaints === 'not-applicable') return [];
    return complaints.map((complaint) => ({ rule: rule.id, severity, ...complaint }));
  } catch (error) {
    return [{ rule: rule.id, severity: 'error', where: 'rule', message: `could not run: ${describeCause(error)}` }];
  }
}

/** Formats a finding as one line: `error rule-id: where: message`. */
export function formatFinding(finding: Finding): string {
  return `${finding.severity} ${describeFinding(finding)}`;
}

/** For a line that already says how severe it is. */
export function describeFinding({ rule, where, message }: Finding): string {
  return `${rule}: ${where}: ${message}`;
}

/**
 * Passes if no finding is an error; otherwise throws one error that lists them all.
 * @throws the given code, fault `input`
 */
export function assertNoErrors(findings: readonly Finding[], code: ErrorCode, what: string): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return;
  const hints = [...new Set(errors.flatMap((finding) => finding.hint ?? []))];
  throw new ToolkitError(code, {
    message: `${what}: ${errors.map((finding) => `${finding.rule}: ${finding.where}: ${finding.message}`).join('; ')}`,
    fault: 'input',
    data: { findings: errors },
    ...(hints.length > 0 && { hint: hints.join('; ') }),
  });
}
