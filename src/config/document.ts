import { z } from 'zod';
import { parseUtf8 } from '../core/bytes.ts';
import { type ErrorCode, ToolkitError } from '../core/error.ts';
import { readFileIfPresent } from '../core/files.ts';
import type { JsonObject } from '../core/json.ts';
import { type Rule, runRules } from '../core/rules.ts';
import { assertNoProblems, type Position, type Problem, sortProblems } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import { maxDocumentBytes, parseYaml, type YamlSource } from './yaml-source.ts';

/** A kind of file: its form, and the rules between its fields. */
export interface DocumentKind<Schema extends z.ZodType, Draft> {
  readonly schema: Schema;
  readonly rules: readonly Rule<Draft>[];
  /** Reads as much as there is: the rules also run on a file whose form is wrong elsewhere. */
  readonly draftOf: (value: unknown) => Draft;
  readonly code: ErrorCode;
}

export interface CheckedDocument<Value> {
  readonly value: Value;
  /** What is allowed and deserves a second look, by line. */
  readonly warnings: readonly Problem[];
}

/**
 * Parses `text` as a file of this kind, or reports every problem in it at once.
 * @throws `kind.code`
 */
export function checkDocument<Schema extends z.ZodType, Draft>(
  text: string,
  file: string,
  kind: DocumentKind<Schema, Draft>,
): CheckedDocument<z.output<Schema>> {
  const source = parseYaml(text);
  // Without a document there is nothing to hold against the schema.
  if (source.value === undefined) assertNoProblems(source.problems, kind.code, file);
  const parsed = kind.schema.safeParse(source.value);
  const { errors, warnings } = ruleProblems(kind.rules, kind.draftOf(source.value), source);
  const formProblems = parsed.success ? [] : schemaProblems(parsed.error, source);
  assertNoProblems([...source.problems, ...formProblems, ...errors], kind.code, file);
  return { value: kind.schema.parse(source.value), warnings: sortProblems(warnings) };
}

/** Returns as much of a file as can be read, whatever is wrong with it. */
export function readDraft<Draft>(text: string, { draftOf }: Pick<DocumentKind<z.ZodType, Draft>, 'draftOf'>): Draft {
  return draftOf(parseYaml(text).value);
}

/**
 * Reads the text of a file of at most 1 MiB.
 * @throws CFG_MISSING if there is none
 * @throws CORE_TOO_LARGE, CORE_ENCODING, CORE_FILE_READ
 */
export async function readDocument(file: string, what: string, hint: string): Promise<string> {
  const bytes = await readFileIfPresent(file, maxDocumentBytes);
  if (bytes !== undefined) return parseUtf8(bytes, file);
  throw new ToolkitError('CFG_MISSING', { message: `${file}: no such ${what}`, fault: 'input', data: { file }, hint });
}

/** Returns the JSON Schema of what people write: before defaults and conversions. */
export function jsonSchemaOf(schema: z.ZodType, title: string): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  // A round trip drops what zod attaches and JSON cannot hold.
  return JSON.parse(JSON.stringify({ $schema, title, ...rest })) as JsonObject;
}

function ruleProblems<Draft>(rules: readonly Rule<Draft>[], draft: Draft, source: YamlSource) {
  const found = runRules(rules, draft).map(({ severity, rule, where, message, hint }) => {
    const problem = { rule, ...positionOf(where, source), path: where, message, ...(hint !== undefined && { hint }) };
    return { severity, problem };
  });
  const ofSeverity = (wanted: string): readonly Problem[] =>
    found.filter(({ severity }) => severity === wanted).map(({ problem }) => problem);
  return { errors: ofSeverity('error'), warnings: ofSeverity('warning') };
}

function positionOf(path: string, source: YamlSource): Position {
  return source.places.get(path)?.value ?? { line: 1, column: 1 };
}
