import { parseUtf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { type JsonLimits, type JsonObject, parseJsonObject } from '../core/json.ts';
import { canonicalize } from './canonical-json.ts';
import { notMetadataHint } from './fields.ts';

const jsonString = /"(?:[^"\\]|\\.)*"/g;

/**
 * Parses a JSON object without losing anything that another parser might see: one name twice, `1.0` or `1e3` for a
 * whole number, needless escapes, text outside ASCII are refused.
 * @throws TUF_METADATA, TUF_CANONICAL, CORE_JSON, CORE_TOO_LARGE
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const value = parseJsonObject(bytes, limits);
  canonicalize(value);
  const text = parseUtf8(bytes, limits.what);
  if (/\d[.eE]|-0/.test(text.replace(jsonString, '""')))
    throw lossy(limits.what, 'a number that is not a plain integer');
  // What JSON.parse drops or shortens (a repeated name, an escape) leaves the source longer than its minimal form.
  const minimal = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
  if (minimal.length !== JSON.stringify(value).length) throw lossy(limits.what, 'a repeated name or a needless escape');
  return value;
}

function lossy(what: string, found: string): ToolkitError {
  return new ToolkitError('TUF_METADATA', {
    message: `${what}: expected JSON that every parser reads alike, got ${found}`,
    fault: 'input',
    hint: notMetadataHint,
  });
}
