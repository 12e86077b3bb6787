import { equalBytes, parseUtf8, utf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { isJsonObject, type Json, type JsonLimits, type JsonObject, parseJsonObject } from '../core/json.ts';

const maxDepth = 32;

/**
 * Returns the canonical form (OLPC) of a JSON value: the bytes that TUF signs and hashes.
 *
 * Only what every client canonicalises alike is accepted: ASCII text, and integers that a double holds exactly.
 * The result is not JSON where a string holds a line break (a PEM key): control characters are written raw.
 * @throws TUF_CANONICAL
 * @see http://wiki.laptop.org/go/Canonical_JSON
 */
export function canonicalize(value: Json): Uint8Array {
  return utf8(canonicalText(value, 0));
}

/**
 * Reads a document from its canonical form: what `canonicalize` turns into these very bytes, and nothing else.
 * @throws TUF_CANONICAL, CORE_JSON, CORE_TOO_LARGE
 */
export function parseCanonical(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const escaped = parseUtf8(bytes, limits.what).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: raw control characters are what JSON does not have
    /[\0-\x1f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // An escape is at most six times as long as what it stands for.
  const value = parseJsonObject(utf8(escaped), { ...limits, maxBytes: limits.maxBytes * 6 });
  if (bytes.length <= limits.maxBytes && equalBytes(canonicalize(value), bytes)) return value;
  throw refused(`expected the canonical form of ${limits.what}, of at most ${limits.maxBytes} bytes`);
}

function canonicalText(value: Json, depth: number): string {
  if (depth > maxDepth) throw refused(`expected at most ${maxDepth} levels, got more`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (typeof value === 'string') return canonicalString(value);
  if (isJsonObject(value)) {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonicalString(name)}:${canonicalText(value[name] as Json, depth + 1)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalText(item, depth + 1)).join(',')}]`;
  throw refused(`expected a JSON value, got ${typeof value}`);
}

function canonicalNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw refused(`expected whole numbers below 2^53, got ${value}`);
  return value.toString();
}

function canonicalString(value: string): string {
  // Clients sort other alphabets differently (UTF-16 units against code points) and would hash different bytes.
  if (!/^\p{ASCII}*$/u.test(value)) throw refused(`expected ASCII text, got ${JSON.stringify(value.slice(0, 40))}`);
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function refused(message: string): ToolkitError {
  return new ToolkitError('TUF_CANONICAL', {
    message: `canonical JSON: ${message}`,
    fault: 'input',
    hint: 'clients would sign and verify other bytes; change the value, or publish what the holders signed',
  });
}
