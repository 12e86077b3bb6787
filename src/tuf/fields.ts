import { ToolkitError } from '../core/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** What to do about a file that cannot be TUF metadata. */
export const notMetadataHint = 'it is damaged or no TUF metadata; put back the file that was signed';

/** The error of a document that is not TUF metadata; `where` is the path in it, e.g. `root: roles.root.threshold`. */
export function malformed(where: string, message: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TUF_METADATA', {
    message: `${where}: ${message}`,
    fault: 'input',
    data: { where },
    hint: notMetadataHint,
    cause,
  });
}

export function objectAt(value: Json | undefined, where: string): JsonObject {
  if (!isJsonObject(value)) throw malformed(where, `expected an object, got ${kindOf(value)}`);
  return value;
}

export function arrayAt(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw malformed(where, `expected an array, got ${kindOf(value)}`);
  return value;
}

export function stringAt(value: Json | undefined, where: string): string {
  if (typeof value !== 'string') throw malformed(where, `expected text, got ${kindOf(value)}`);
  return value;
}

/** Returns a whole number of at least `least`. */
export function integerAt(value: Json | undefined, where: string, least: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw malformed(where, `expected a whole number of at least ${least}, got ${JSON.stringify(value)}`);
  }
  return value;
}

/** Returns a SHA-256 in lower-case hexadecimal, the form of a key id. */
export function sha256At(value: Json | undefined, where: string): string {
  const text = stringAt(value, where);
  if (!/^[0-9a-f]{64}$/.test(text)) throw malformed(where, `expected a SHA-256 in hexadecimal, got ${show(text)}`);
  return text;
}

/** Returns a SHA-512 in lower-case hexadecimal. */
export function sha512At(value: Json | undefined, where: string): string {
  const text = stringAt(value, where);
  if (!/^[0-9a-f]{128}$/.test(text)) throw malformed(where, `expected a SHA-512 in hexadecimal, got ${show(text)}`);
  return text;
}

/** Returns the texts of an array that lists none twice. */
export function uniqueAt(values: readonly string[], where: string): readonly string[] {
  const repeated = values.find((value, index) => values.indexOf(value) !== index);
  if (repeated !== undefined) throw malformed(where, `expected each entry once, got ${show(repeated)} twice`);
  return values;
}

export function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}
