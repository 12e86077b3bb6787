import { describe, expect, it } from '@jest/globals';
import { compileTrust } from '../../../src/trust/compile.ts';
import { lintTrust } from '../../../src/trust/lint.ts';
import { formatRules, trustRules } from '../../../src/trust/rules/index.ts';
import { formatCases } from './rules/format-cases.ts';
import { files } from './rules/rule-case.ts';
import { signingConfigCases } from './rules/signing-config-cases.ts';
import { trustedRootCases } from './rules/trusted-root-cases.ts';
import { daysAgo, type Edit, edited, now, sampleMaterial, valueAt } from './sample.ts';

const rules = [...formatRules, ...trustRules];
const cases = [...formatCases, ...trustedRootCases, ...signingConfigCases];

const lint = (edits: readonly Edit[]) => lintTrust(edited(files, ...edits), { now });

describe('lintTrust', () => {
  it('accepts what the compiler writes: no finding at all', () => {
    expect(lintTrust(files, { now })).toEqual([]);
  });

  it.each(cases)('refuses $rule: $what', ({ rule, violates, where, message, severity }) => {
    expect(lint(violates).filter((finding) => finding.rule === rule)).toContainEqual(
      expect.objectContaining({
        where,
        message: expect.stringContaining(message),
        severity: severity ?? 'error',
      }),
    );
  });

  it.each(cases.filter(({ complies }) => complies))('accepts the neighbour of $rule: $what', ({ rule, complies }) => {
    const findings = lint(complies ?? []);
    expect(findings.filter((finding) => finding.rule === rule)).toEqual([]);
    // The neighbour is not accepted because another rule kept this one from running.
    const format = formatRules.map(({ id }) => id);
    expect(findings.filter((finding) => format.includes(finding.rule))).toEqual([]);
  });

  it('accepts no rule without a case that violates it', () => {
    expect(rules.map(({ id }) => id).filter((id) => !cases.some(({ rule }) => rule === id))).toEqual([]);
    expect(cases.map(({ rule }) => rule).filter((rule) => !rules.some(({ id }) => id === rule))).toEqual([]);
  });

  it('accepts only rules with an id of their own and a title that ends in a period', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id, title } of rules) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(title).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('refuses a chain in the wrong order, by the rules of src/x509', () => {
    const [intermediate, root] = valueAt(files, 'root.certificateAuthorities.0.certChain.certificates') as object[];
    const findings = lint([['root.certificateAuthorities.0.certChain.certificates', [root, intermediate]]]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        rule: 'chain-order',
        where: expect.stringContaining('trusted_root.json certificateAuthorities[0]: '),
      }),
    );
  });

  it('refuses a timestamp chain without its leaf', () => {
    const [, root] = valueAt(files, 'root.timestampAuthorities.0.certChain.certificates') as object[];
    const findings = lint([['root.timestampAuthorities.0.certChain.certificates', [root]]]);
    expect(findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)).toContain(
      'tsa-leaf-not-ca',
    );
  });

  it('accepts the expired chain of an authority that ended before', async () => {
    const material = await sampleMaterial();
    const later = new Date('2040-01-01T00:00:00Z');
    const expired = lintTrust(compileTrust(material, { now }), { now: later });
    expect(expired.map(({ rule }) => rule)).toContain('chain-valid-now');
    const [fulcio] = material.fulcio;
    if (!fulcio) throw new Error('the sample has a Fulcio');
    const young = { ...fulcio, validFor: { start: daysAgo(2) } };
    const ended = { ...fulcio, validFor: { start: daysAgo(9), end: daysAgo(2) }, signing: false };
    const findings = lintTrust(compileTrust({ ...material, fulcio: [ended, young] }, { now }), { now: later });
    const places = findings.filter(({ rule }) => rule === 'chain-valid-now').map(({ where }) => where);
    expect(places).toContainEqual(expect.stringContaining('certificateAuthorities[1]'));
    expect(places).not.toContainEqual(expect.stringContaining('certificateAuthorities[0]'));
  });

  it('refuses what is no JSON', () => {
    expect(() => lintTrust({ ...files, signingConfig: files.signingConfig.slice(1) }, { now })).toThrowToolkit(
      'CORE_JSON',
    );
  });
});
