import { timingSafeEqual } from 'node:crypto';
import { ToolkitError } from './error.ts';

/** Joins byte strings. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** True if two byte strings are the same; the time taken depends on their lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Decodes UTF-8 without repairing it.
 * @throws CORE_ENCODING if the bytes are not valid UTF-8
 */
export function parseUtf8(bytes: Uint8Array, what = 'text'): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ToolkitError('CORE_ENCODING', { message: `${what}: expected UTF-8`, fault: 'input', cause });
  }
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/**
 * Decodes standard base64 (RFC 4648 §4) and accepts one spelling of each byte string: padding is
 * required, and white space, the URL alphabet and stray low bits are refused.
 * @throws CORE_ENCODING
 */
export function parseBase64(text: string, what = 'value'): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw new ToolkitError('CORE_ENCODING', { message: `${what}: expected standard base64`, fault: 'input' });
  }
  return new Uint8Array(bytes);
}

/**
 * Decodes lower-case hexadecimal of even length.
 * @throws CORE_ENCODING
 */
export function parseHex(text: string, what = 'value'): Uint8Array {
  const bytes = Buffer.from(text, 'hex');
  if (bytes.toString('hex') !== text) {
    throw new ToolkitError('CORE_ENCODING', { message: `${what}: expected lower-case hexadecimal`, fault: 'input' });
  }
  return new Uint8Array(bytes);
}
