import { type ErrorCode, ToolkitError } from '../core/error.ts';

/** Where something stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing in a file that its author should change (or, as a warning, look at again). */
export interface Problem extends Position {
  /** Stable kebab-case id of the rule. */
  readonly rule: string;
  /** Place in the document, e.g. `logs.rekor[1].shard`; empty for the document itself. */
  readonly path: string;
  /** Lower case, `expected X, got Y`. */
  readonly message: string;
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** A file of a hundred mistakes is the wrong file: more are counted, not listed. */
const maxListed = 100;

/** Formats `logs.rekor[1].shard`; a key with other characters is quoted, so that two paths never look the same. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/**
 * Passes if there are no problems; otherwise throws one error that lists them all, by line, each as
 * `file:line:column: path: message`. `data.problems` holds them with their hints.
 *
 * @throws the given code, fault `input`
 */
export function assertNoProblems(problems: readonly Problem[], code: ErrorCode, file: string): void {
  if (problems.length === 0) return;
  const sorted = sortProblems(problems);
  const listed = sorted.slice(0, maxListed);
  const more = sorted.length - listed.length;
  const lines = listed.map((problem) => formatProblem(problem, file));
  throw new ToolkitError(code, {
    message: [...lines, ...(more > 0 ? [`${file}: and ${more} more`] : [])].join('\n'),
    fault: 'input',
    data: { file, problems: listed, count: sorted.length },
    ...hintOf(listed),
  });
}

export function sortProblems<T extends Problem>(problems: readonly T[]): readonly T[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Formats `file:line:column: path: message`, which editors and terminals turn into a link. */
export function formatProblem(problem: Problem, file: string): string {
  const place = `${file}:${problem.line}:${problem.column}`;
  return [place, ...(problem.path === '' ? [] : [problem.path]), problem.message].join(': ');
}

function hintOf(problems: readonly Problem[]): { hint?: string } {
  const hinted = problems.filter((problem) => problem.hint !== undefined);
  if (hinted.length === 0) return {};
  if (problems.length === 1) return { hint: hinted.map((problem) => problem.hint).join('') };
  return { hint: hinted.map((problem) => `line ${problem.line}: ${problem.hint}`).join('\n') };
}
