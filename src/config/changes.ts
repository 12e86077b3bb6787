import { isDeepStrictEqual } from 'node:util';
import type { InstanceConfig, LogShardConfig } from './config.ts';
import { formatPath, type Path, type Position, type Problem } from './problem.ts';
import type { RootPolicy } from './root-policy.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';

interface Change {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Returns, as problems of `after`, what differs of what an instance is known by: its authority, its logs, its timestamp
 * authorities. Clients hold trust in them. Issuers, witnesses and the selection may differ from start to start.
 */
export function changedAuthorities(before: InstanceConfig, after: InstanceConfig): readonly Problem[] {
  const named = ({ witnesses, ...rest }: LogShardConfig) => rest;
  const known = ({ fulcio, logs: { rekor, ct }, timestamps }: InstanceConfig) => ({
    ...{ fulcio, logs: { rekor: rekor.map(named), ct: ct.map(named) }, timestamps },
  });
  return problemsOf(changesOf(known(before), known(after), []), after.text);
}

/** Returns, as problems of `after`, what differs of who signs a root of trust, how many of them, and for how long. */
export function changedPolicy(before: RootPolicy, after: RootPolicy): readonly Problem[] {
  const rules = ({ file, text, warnings, ...rest }: RootPolicy) => rest;
  return problemsOf(changesOf(rules(before), rules(after), []), after.text);
}

/** Goes into what both have; what only one has is one change, whole. */
function changesOf(before: unknown, after: unknown, path: Path): readonly Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isCollection(before) || !isCollection(after)) return [{ path, before, after }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    changesOf(before[name], after[name], [...path, Array.isArray(after) ? Number(name) : name]),
  );
}

function isCollection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function problemsOf(changes: readonly Change[], text: string): readonly Problem[] {
  if (changes.length === 0) return [];
  const source = parseYaml(text);
  return changes.map(({ path, before, after }) => ({
    rule: 'unchanged',
    ...positionOf(path, source),
    path: formatPath(path),
    message: `expected ${describe(before)} as at the first start, got ${describe(after)}`,
  }));
}

/** Of the value, or of the nearest thing around it: what was taken out, or is a default, stands nowhere. */
function positionOf(path: Path, { places }: YamlSource): Position {
  const around = path.map((_, index) => places.get(formatPath(path.slice(0, path.length - index)))?.value);
  return around.find((position) => position !== undefined) ?? { line: 1, column: 1 };
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
