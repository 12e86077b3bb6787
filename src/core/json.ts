import { parseUtf8 } from './bytes.ts';
import { ToolkitError } from './error.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface JsonLimits {
  /** Named in the error: a path or a URL. */
  readonly what: string;
  readonly maxBytes: number;
}

/** No document that we read is nested as deep; recursion over one that is would exhaust the stack. */
const maxDepth = 100;

const damagedHint = 'it is cut off, damaged or not what was meant; put the right one in its place';

/**
 * Parses a JSON document that somebody else may have written. Size and depth are capped before parsing.
 * @throws CORE_TOO_LARGE if there are more than `maxBytes` bytes
 * @throws CORE_JSON if it is not UTF-8, not JSON, or nested deeper than 100 levels
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): Json {
  if (bytes.length > limits.maxBytes) {
    throw new ToolkitError('CORE_TOO_LARGE', {
      message: `${limits.what}: expected at most ${limits.maxBytes} bytes, got ${bytes.length}`,
      fault: 'input',
      data: { what: limits.what, maxBytes: limits.maxBytes, bytes: bytes.length },
      hint: damagedHint,
    });
  }
  try {
    const text = parseUtf8(bytes, limits.what);
    if (isDeeper(text, maxDepth)) throw tooDeep(limits.what);
    return JSON.parse(text) as Json;
  } catch (cause) {
    if (cause instanceof ToolkitError && cause.code === 'CORE_JSON') throw cause;
    throw new ToolkitError('CORE_JSON', {
      message: `${limits.what}: expected a JSON document`,
      fault: 'input',
      data: { what: limits.what },
      hint: damagedHint,
      cause,
    });
  }
}

/** Parses a JSON document whose top is an object (see `parseJson`). */
export function parseJsonObject(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const value = parseJson(bytes, limits);
  if (!isJsonObject(value)) {
    throw new ToolkitError('CORE_JSON', {
      message: `${limits.what}: expected a JSON object`,
      fault: 'input',
      data: { what: limits.what },
      hint: damagedHint,
    });
  }
  return value;
}

/** Returns `value` as its JSON document reads: what JSON cannot hold is left out, a date is its text. */
export function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Brackets in a string nest nothing. */
function isDeeper(text: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') inString = !inString;
    else if (inString) index += char === '\\' ? 1 : 0;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

function tooDeep(what: string): ToolkitError {
  return new ToolkitError('CORE_JSON', {
    message: `${what}: expected a JSON document, got one nested deeper than ${maxDepth} levels`,
    fault: 'input',
    data: { what, maxDepth },
    hint: damagedHint,
  });
}
