import { describe, expect, it } from '@jest/globals';
import { assertNoErrors, formatFinding, type Rule, runRules } from '../../../src/core/rules.ts';

const small: Rule<number> = {
  id: 'small',
  title: 'numbers are below ten',
  check: (value) =>
    value < 10 ? [] : [{ where: 'value', message: `expected less than 10, got ${value}`, hint: 'take a smaller one' }],
};
const even: Rule<number> = {
  id: 'even',
  title: 'numbers are even',
  severity: 'warning',
  check: (value) => (value % 2 === 0 ? [] : [{ where: 'value', message: `expected an even one, got ${value}` }]),
};
const positive: Rule<number> = {
  id: 'positive',
  title: 'of numbers with a sign, it is plus',
  check: (value) => (value === 0 ? 'not-applicable' : []),
};
const broken: Rule<number> = {
  id: 'broken',
  title: 'never runs',
  severity: 'warning',
  check: () => {
    throw new Error('outer', { cause: new Error('inner') });
  },
};

describe('runRules', () => {
  it('accepts what complies, and what a rule does not apply to', () => {
    expect(runRules([small, even, positive], 0)).toEqual([]);
  });

  it('returns the violations of every rule, in order, with their severity', () => {
    expect(runRules([small, even], 11)).toEqual([
      {
        rule: 'small',
        severity: 'error',
        where: 'value',
        message: 'expected less than 10, got 11',
        hint: 'take a smaller one',
      },
      { rule: 'even', severity: 'warning', where: 'value', message: 'expected an even one, got 11' },
    ]);
  });

  it('takes a rule that throws for an error, even one that only warns, and runs the others', () => {
    expect(runRules([broken, small], 11)).toEqual([
      { rule: 'broken', severity: 'error', where: 'rule', message: 'could not run: outer: inner' },
      expect.objectContaining({ rule: 'small' }),
    ]);
  });
});

describe('assertNoErrors', () => {
  it('accepts warnings', () => {
    expect(() => assertNoErrors(runRules([even], 11), 'TRUST_LINT', 'the trust files')).not.toThrow();
  });

  it('refuses errors, all in one message, with each hint once', () => {
    const findings = runRules([small, even, { ...small, id: 'smaller' }], 11);
    const refused = () => assertNoErrors(findings, 'TRUST_LINT', 'the trust files');
    expect(refused).toThrowToolkit('TRUST_LINT', { findings: [findings[0], findings[2]] });
    expect(refused).toThrow(
      expect.objectContaining({
        message:
          'the trust files: small: value: expected less than 10, got 11; smaller: value: expected less than 10, got 11',
        fault: 'input',
        hint: 'take a smaller one',
      }),
    );
  });
});

describe('formatFinding', () => {
  it('fits on one line', () => {
    expect(runRules([even], 11).map(formatFinding)).toEqual(['warning even: value: expected an even one, got 11']);
  });
});
