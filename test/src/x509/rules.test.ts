import { describe, expect, it } from '@jest/globals';
import { formatFinding } from '../../../src/core/rules.ts';
import type { CertificateChain } from '../../../src/x509/chain.ts';
import { type LintOptions, lintFulcioChain, lintTsaChain } from '../../../src/x509/lint.ts';
import { fulcioRules, tsaRules } from '../../../src/x509/rules/index.ts';
import { testNow } from '../../support/certificates.ts';
import { fulcioChain, longTsaChain, tsaChain } from '../../support/chains.ts';
import { type RuleCase, ruleCases } from './rule-cases.ts';

const rules = [...new Set([...fulcioRules, ...tsaRules])];

describe.each(rules.map((rule) => [rule.id, rule] as const))('rule %s', (id, rule) => {
  it('refuses chains that violate it', () => {
    for (const chain of caseOf(id).violates()) {
      const findings = lint(id, chain).filter((finding) => finding.rule === id);
      expect(findings).not.toEqual([]);
      expect(findings[0]?.severity).toBe(rule.severity ?? 'error');
      expect(findings[0]?.message).not.toMatch(/could not run|undefined/);
    }
  });

  it('accepts chains that comply', () => {
    for (const chain of caseOf(id).complies()) {
      expect(lint(id, chain).filter((finding) => finding.rule === id)).toEqual([]);
    }
  });
});

describe('lintFulcioChain', () => {
  it('accepts a good chain with no finding at all', () => {
    expect(lintFulcioChain(fulcioChain(), { now: testNow })).toEqual([]);
  });

  it('names the rule, the certificate, what was expected and what was found', () => {
    const chain = fulcioChain({ intermediate: { purposes: ['1.3.6.1.5.5.7.3.1'] } });
    expect(lintFulcioChain(chain, { now: testNow }).map(formatFinding)).toContain(
      'error fulcio-code-signing: certificate 1 of 2 "fulcio intermediate": ' +
        'expected the extended key usage codeSigning, got 1.3.6.1.5.5.7.3.1',
    );
  });
});

describe('lintTsaChain', () => {
  it('accepts a good chain, with or without an intermediate, with no finding at all', () => {
    expect(lintTsaChain(tsaChain(), { now: testNow })).toEqual([]);
    expect(lintTsaChain(longTsaChain(), { now: testNow })).toEqual([]);
  });
});

function lint(id: string, chain: CertificateChain) {
  const { use, options } = caseOf(id);
  const lintOptions: LintOptions = { now: testNow, ...options?.(chain) };
  return use === 'tsa' ? lintTsaChain(chain, lintOptions) : lintFulcioChain(chain, lintOptions);
}

function caseOf(id: string): RuleCase {
  const found = ruleCases[id];
  if (!found) throw new Error(`rule ${id} has no pair of tests`);
  return found;
}
