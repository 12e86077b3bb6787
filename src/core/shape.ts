import { parseBase64 } from './bytes.ts';
import { parseInstant } from './clock.ts';
import { type ErrorCode, ToolkitError } from './error.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** One place where a JSON document does not have the shape it must have. */
export interface Problem {
  readonly kind: 'unknown-field' | 'missing-field' | 'bad-value';
  /** JSON path, e.g. `tlogs[0].publicKey.rawBytes`; empty for the document itself. */
  readonly path: string;
  /** Lower case, `expected X, got Y`. */
  readonly message: string;
}

/** What reading a document gave: its value, or every problem at once. */
export type Reading<T> =
  | { readonly value: T; readonly problems: readonly [] }
  | { readonly value?: undefined; readonly problems: readonly Problem[] };

/** Turns JSON into a strong type, or throws `Malformed`. Absent fields arrive as `undefined`. */
export type Read<T> = (json: Json | undefined, path: string) => T;

type Fields = Readonly<Record<string, Read<unknown>>>;
type ObjectOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Read<infer T> ? T : never };

class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super('malformed');
    this.problems = problems;
  }
}

/** Reads a whole document and collects every problem instead of stopping at the first. */
export function readShape<T>(read: Read<T>, json: Json): Reading<T> {
  const problems: Problem[] = [];
  const value = collect(problems, () => read(json, ''));
  return value === undefined ? { problems } : { value, problems: [] };
}

/**
 * Returns what was read.
 * @throws the given code, fault `input`, with every problem
 */
export function assertRead<T>(
  reading: Reading<T>,
  otherwise: { readonly code: ErrorCode; readonly what: string; readonly hint: string },
): T {
  if (reading.value !== undefined) return reading.value;
  const lines = reading.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new ToolkitError(otherwise.code, {
    message: `${otherwise.what}: ${lines.join('; ')}`,
    fault: 'input',
    data: { problems: reading.problems },
    hint: otherwise.hint,
  });
}

/** An object with these fields and no others. */
export function object<F extends Fields>(fields: F): Read<ObjectOf<F>> {
  return (json, path) => {
    const given = objectAt(json, path);
    const problems: Problem[] = Object.keys(given)
      .filter((name) => !Object.hasOwn(fields, name))
      .map((name) => ({ kind: 'unknown-field', path: join(path, name), message: 'unknown field' }));
    const entries = Object.entries(fields).map(([name, read]) => [
      name,
      collect(problems, () => read(given[name], join(path, name))),
    ]);
    if (problems.length > 0) throw new Malformed(problems);
    return Object.fromEntries(entries) as ObjectOf<F>;
  };
}

export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (json, path) => {
    if (!Array.isArray(json)) throw malformed(json, path, 'a list');
    const problems: Problem[] = [];
    const items = json.map((item: Json, index) => collect(problems, () => ({ item: read(item, `${path}[${index}]`) })));
    if (problems.length > 0) throw new Malformed(problems);
    return items.flatMap((box) => (box ? [box.item] : []));
  };
}

/** An object whose names are data. */
export function mapOf<T>(read: Read<T>): Read<ReadonlyMap<string, T>> {
  return (json, path) => {
    const problems: Problem[] = [];
    const entries = Object.entries(objectAt(json, path)).map(
      ([name, value]) => [name, collect(problems, () => ({ item: read(value, join(path, name)) }))] as const,
    );
    if (problems.length > 0) throw new Malformed(problems);
    return new Map(entries.flatMap(([name, box]) => (box ? [[name, box.item] as const] : [])));
  };
}

export const text: Read<string> = (json, path) => {
  if (typeof json === 'string' && json !== '') return json;
  throw malformed(json, path, 'a text that is not empty');
};

/** A text of a given form. */
export function matching(pattern: RegExp, expected: string): Read<string> {
  return (json, path) => {
    if (typeof json === 'string' && pattern.test(json)) return json;
    throw malformed(json, path, expected);
  };
}

export const sha256Text = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');
export const instant = parsed(text, (value) => parseInstant(value));
/** Bytes in base64 (RFC 4648 §4), at least one. */
export const base64 = parsed(text, (value) => parseBase64(value));

export const boolean: Read<boolean> = (json, path) => {
  if (typeof json === 'boolean') return json;
  throw malformed(json, path, 'true or false');
};

export const count: Read<number> = (json, path) => {
  if (Number.isSafeInteger(json) && Number(json) >= 0) return Number(json);
  throw malformed(json, path, 'a whole number');
};

export function oneOf<const T extends string>(...values: readonly T[]): Read<T> {
  return (json, path) => {
    const value = values.find((candidate) => candidate === json);
    if (value !== undefined) return value;
    throw malformed(json, path, values.length === 1 ? `"${values[0]}"` : `one of ${values.join(', ')}`);
  };
}

/** A field that may be absent. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (json, path) => (json === undefined ? undefined : read(json, path));
}

/** Reads with `read`, then parses; an error of `parse` becomes a problem at this path. */
export function parsed<T, U>(read: Read<T>, parse: (value: T) => U): Read<U> {
  return (json, path) => {
    const value = read(json, path);
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error;
      throw new Malformed([{ kind: 'bad-value', path, message: error.message }]);
    }
  };
}

function collect<T>(problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function objectAt(json: Json | undefined, path: string): JsonObject {
  if (isJsonObject(json)) return json;
  throw malformed(json, path, 'an object');
}

function malformed(json: Json | undefined, path: string, expected: string): Malformed {
  const message = json === undefined ? `expected ${expected}` : `expected ${expected}, got ${excerpt(json)}`;
  return new Malformed([{ kind: json === undefined ? 'missing-field' : 'bad-value', path, message }]);
}

function excerpt(json: Json): string {
  const whole = JSON.stringify(json);
  return whole.length > 60 ? `${whole.slice(0, 60)}…` : whole;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
