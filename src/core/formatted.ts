import { type ErrorCode, ToolkitError } from './error.ts';
import { isJsonObject, type JsonObject, parseJson } from './json.ts';
import { assertRead, type Read, readShape } from './shape.ts';

/** A kind of JSON file of ours: what it calls itself, and what stands in it. */
export interface Format<T> {
  /** As its field `format` says, e.g. `sigstead-plan/v1`. */
  readonly name: string;
  readonly read: Read<T>;
  readonly maxBytes: number;
  /** Of the error for a file that is not of this format. */
  readonly code: ErrorCode;
  /** What to do about one. */
  readonly hint: string;
}

/**
 * Parses a JSON file of ours: of this very format, with no unknown and no missing field.
 * @throws the code of the format, and CORE_TOO_LARGE, CORE_JSON
 */
export function parseFormatted<T>(bytes: Uint8Array, format: Format<T>, what: string): T {
  const { name, code, hint } = format;
  const json = parseJson(bytes, { what, maxBytes: format.maxBytes });
  const got = isJsonObject(json) ? json['format'] : undefined;
  if (!isJsonObject(json) || got !== name) {
    throw new ToolkitError(code, {
      message: `${what}: expected a file of format ${name}, got ${JSON.stringify(got ?? null).slice(0, 60)}`,
      fault: 'input',
      data: { what, expected: name },
      hint,
    });
  }
  const { format: _, ...fields } = json;
  return assertRead(readShape(format.read, fields), { code, what, hint });
}

/** Writes a JSON file of ours: `format` first, and a line end at its end. */
export function formatDocument({ name }: Pick<Format<unknown>, 'name'>, fields: JsonObject): string {
  return `${JSON.stringify({ format: name, ...fields }, undefined, 2)}\n`;
}
