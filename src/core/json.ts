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

/**
 * Parses a JSON document that somebody else may have written. The size is capped before parsing.
 * @throws CORE_TOO_LARGE if there are more than `maxBytes` bytes
 * @throws CORE_JSON if it is not UTF-8 or not JSON
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): Json {
  if (bytes.length > limits.maxBytes) {
    throw new ToolkitError('CORE_TOO_LARGE', {
      message: `${limits.what}: expected at most ${limits.maxBytes} bytes, got ${bytes.length}`,
      fault: 'input',
      data: { maxBytes: limits.maxBytes, bytes: bytes.length },
    });
  }
  try {
    return JSON.parse(parseUtf8(bytes, limits.what)) as Json;
  } catch (cause) {
    throw new ToolkitError('CORE_JSON', { message: `${limits.what}: expected a JSON document`, fault: 'input', cause });
  }
}

/** Parses a JSON document whose top is an object (see `parseJson`). */
export function parseJsonObject(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const value = parseJson(bytes, limits);
  if (!isJsonObject(value)) {
    throw new ToolkitError('CORE_JSON', { message: `${limits.what}: expected a JSON object`, fault: 'input' });
  }
  return value;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
