import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../src/config/config.ts';
import { configRules } from '../../../src/config/config-rules.ts';
import { policyRules } from '../../../src/config/policy-rules.ts';
import type { Problem } from '../../../src/config/problem.ts';
import { parseRootPolicy } from '../../../src/config/root-policy.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { validConfig, validPolicy, withLine } from './examples.ts';

interface Row {
  readonly rule: string;
  readonly line: string;
  readonly replacement: string;
  readonly problem: string;
  readonly hint: string;
}

/** The table of refused inputs, explained in its own head. */
function readRows(): { readonly config: readonly Row[]; readonly policy: readonly Row[] } {
  const table = readFileSync(`${import.meta.dirname}/refused-inputs.txt`, 'utf8');
  const [config = '', policy = ''] = table.split('# ---- root policy ----');
  return { config: rowsOf(config), policy: rowsOf(policy) };
}

function rowsOf(table: string): readonly Row[] {
  const lines = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [rule = '', start = '', replacement = '', problem = '', hint = ''] = line.split(' ¦ ');
    return { rule, line: start, replacement: unescaped(replacement), problem, hint };
  });
}

function unescaped(text: string): string {
  return JSON.parse(`"${text.replaceAll('"', '\\"')}"`) as string;
}

/** What each file below is refused with. */
const codes = new Map<unknown, string>([
  ['a.yaml', 'CFG_INVALID'],
  ['p.yaml', 'CFG_POLICY_INVALID'],
]);

function problemsOf(parse: () => unknown): readonly Problem[] {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ToolkitError)) throw error;
    expect(codes.get(error.data['file'])).toBe(error.code);
    return error.data['problems'] as readonly Problem[];
  }
  return [];
}

function summary({ line, column, path, message }: Problem): string {
  return `${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}

function expectRefused(problems: readonly Problem[], row: Row): void {
  const found = problems.filter((problem) => problem.rule === row.rule);
  expect(found.map(summary)).toContainEqual(expect.stringContaining(row.problem));
  const hints = found.filter((problem) => summary(problem).startsWith(row.problem)).map(({ hint }) => hint ?? '');
  expect(hints).toContainEqual(expect.stringContaining(row.hint));
}

/** A rule that reports an error and that no row breaks. */
function untested(rules: readonly { readonly id: string; readonly severity?: string }[], rows: readonly Row[]) {
  const errors = rules.filter(({ severity }) => severity !== 'warning').map(({ id }) => id);
  return errors.filter((id) => !rows.some(({ rule }) => rule === id));
}

const nameOf = ({ rule, replacement }: Row) => `${rule}: ${JSON.stringify(replacement.trim().slice(0, 100))}`;
const rows = readRows();

describe('parseConfig', () => {
  for (const row of rows.config) {
    it(`refuses ${nameOf(row)}`, () => {
      const text = withLine(validConfig, row.line, row.replacement);
      expectRefused(
        problemsOf(() => parseConfig(text, 'a.yaml')),
        row,
      );
    });
  }

  it('has a refused input for every rule of severity error', () => {
    expect(untested(configRules, rows.config)).toEqual([]);
  });

  for (const text of ['', '# nothing', '- 1', 'text', '~', '[]', '\ufeff']) {
    it(`refuses ${JSON.stringify(text)}, which is no mapping`, () => {
      const problems = problemsOf(() => parseConfig(text, 'a.yaml'));
      expect(problems.map(summary)).toEqual([expect.stringMatching(/^1:1 expected a mapping, got /)]);
    });
  }

  it('refuses more than 1 MiB, before parsing', () => {
    const padded = (length: number) => `${validConfig}#${' '.repeat(length - validConfig.length - 1)}`;
    expect(parseConfig(padded(1 << 20), 'a.yaml').instance.name).toBe('acme');
    const problems = problemsOf(() => parseConfig(padded((1 << 20) + 1), 'a.yaml'));
    expect(problems.map(summary)).toEqual(['1:1 expected at most 1048576 bytes, got 1048577']);
  });

  it('refuses a bomb of aliases without expanding it', () => {
    const levels = Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
    const problems = problemsOf(() => parseConfig(['a0: &a0 x', ...levels].join('\n'), 'a.yaml'));
    expect(problems.filter(({ rule }) => rule === 'yaml-alias')).toHaveLength(40);
  });

  for (const opener of ['[', '- ', 'a: [']) {
    it(`refuses ${JSON.stringify(opener)} nested 3000 times, without running out of stack`, () => {
      const problems = problemsOf(() => parseConfig(opener.repeat(3000), 'a.yaml'));
      expect(problems.map(summary)).toEqual([expect.stringContaining('nested too deeply')]);
    });
  }

  it('reports every problem at once, by line, with file, path and fix', () => {
    const text = validConfig
      .replace('root:', 'rooot:')
      .replace('fulcio: { key: file }', 'fulcio: { key: fil }')
      .replace('shard: ct2026-1', 'shard: log2026-1');
    const expected = [
      'a.yaml:1:1: root: missing, expected the path of a file',
      'a.yaml:2:1: rooot: unknown key',
      'a.yaml:7:16: fulcio.key: expected awskms, file or a URI like pkcs11:token=sigstore;object=fulcio, got "fil"',
      'a.yaml:10:20: logs.ct[0].shard: expected the name to be used once, got "log2026-1", which logs.rekor[0].shard has already',
    ];
    expect(() => parseConfig(text, 'a.yaml')).toThrow(expected.join('\n'));
    expect(() => parseConfig(text, 'a.yaml')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('line 2: did you mean root?\nline 7: ') }),
    );
  });

  it('gives the fix of a single problem as the hint', () => {
    const text = validConfig.replace('selection:', 'selektion:');
    expect(() => parseConfig(text, 'a.yaml')).toThrow(expect.objectContaining({ hint: 'did you mean selection?' }));
  });

  it('lists a hundred problems and counts the rest', () => {
    const text = `${validConfig}${Array.from({ length: 150 }, (_, n) => `x${n}: 1\n`).join('')}`;
    expect(() => parseConfig(text, 'a.yaml')).toThrow(/\na\.yaml: and 50 more$/);
    expect(() => parseConfig(text, 'a.yaml')).toThrowToolkit('CFG_INVALID', { count: 150 });
  });
});

describe('parseRootPolicy', () => {
  for (const row of rows.policy) {
    it(`refuses ${nameOf(row)}`, () => {
      const text = withLine(validPolicy, row.line, row.replacement);
      expectRefused(
        problemsOf(() => parseRootPolicy(text, 'p.yaml')),
        row,
      );
    });
  }

  it('has a refused input for every rule of severity error', () => {
    expect(untested(policyRules, rows.policy)).toEqual([]);
  });
});
