import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { formatPath, type Path, type Position, type Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';

/** Problems that zod found in `source`, each with its place and in our words. */
export function schemaProblems(error: z.ZodError, source: YamlSource): readonly Problem[] {
  // An alias was refused and has no value: that the schema misses it too is no news.
  const reported = new Set(source.problems.filter(({ rule }) => rule === 'yaml-alias').map(({ path }) => path));
  const isReported = (path: Path) => path.some((_, index) => reported.has(formatPath(path.slice(0, index + 1))));
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (isReported(path)) return [];
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownKey([...path, key], issue.message.split(' '), source))
      : [valueProblem(issue, path, source)];
  });
}

/** Finds the place of `path`, or of the closest part of the document around it. */
export function placeOf(path: Path, source: YamlSource): Position {
  for (let length = path.length; length >= 0; length--) {
    const place = source.places.get(formatPath(path.slice(0, length)));
    if (place) return place.value;
  }
  return { line: 1, column: 1 };
}

function unknownKey(path: Path, known: readonly string[], source: YamlSource): Problem {
  const key = String(path.at(-1));
  const meant = nearest(key, known);
  const position = source.places.get(formatPath(path))?.key ?? placeOf(path, source);
  const hint = meant === undefined ? `known keys here: ${known.join(', ')}` : `did you mean ${meant}?`;
  return { rule: 'unknown-key', ...position, path: formatPath(path), message: 'unknown key', hint };
}

function valueProblem(issue: z.core.$ZodIssue, path: Path, source: YamlSource): Problem {
  const value = valueAt(source, path);
  const written = source.places.get(formatPath(path))?.source;
  const { expected, fix } = expectationOf(issue);
  const missing = value === undefined;
  const hint = quoteHint(issue, value, path, written) ?? meantHint(issue, value) ?? fix;
  return {
    rule: missing ? 'missing-key' : 'value',
    ...placeOf(path, source),
    path: formatPath(path),
    message: missing ? `missing, expected ${expected}` : `expected ${expected}, got ${describe(value, written)}`,
    ...(hint !== undefined && { hint }),
  };
}

/** Our schemas carry their words in zod's message: what is expected and, on a second line, the fix (see `fields.ts`). */
function expectationOf(issue: z.core.$ZodIssue): { expected: string; fix?: string | undefined } {
  const choices = choicesOf(issue);
  if (choices.length > 0) return { expected: choices.length === 1 ? choices.join('') : `one of ${choices.join(', ')}` };
  const [expected = '', fix] = issue.message.split('\n');
  return { expected, fix };
}

function choicesOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code === 'invalid_union' && 'options' in issue) return (issue.options ?? []).map(String);
  return [];
}

/** YAML reads an unquoted account number as a number, and drops its leading zero. */
function quoteHint(
  issue: z.core.$ZodIssue,
  value: unknown,
  path: Path,
  written: string | undefined,
): string | undefined {
  const expectsText = issue.code === 'invalid_type' && issue.expected === 'string';
  if (!expectsText || (typeof value !== 'number' && typeof value !== 'boolean') || written === undefined)
    return undefined;
  const key = path.at(-1);
  const quoted = typeof key === 'string' ? `${key}: "${written}"` : `"${written}"`;
  return `YAML reads it as a ${typeof value}; write it in quotes: ${quoted}`;
}

function meantHint(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  const meant = typeof value === 'string' ? nearest(value, choicesOf(issue)) : undefined;
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

function valueAt(source: YamlSource, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, source.value);
}

/** Says what a value is, shortly; a PIN that stands in a key URI is not repeated. */
export function describe(value: unknown, written?: string): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return `the ${typeof value} ${written ?? String(value)}`;
  const shown = value.replaceAll(/(pin-value=)[^;&?]*/gi, '$1…');
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 79)}…` : shown);
}
