/**
 * The little ASN.1 that an encrypted private key needs: DER (X.690) elements with one-byte tags. The reader takes
 * exactly what the writer writes: definite, shortest lengths and no trailing bytes.
 */

import { concat } from '../core/bytes.ts';

export const derTag = { integer: 0x02, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30 } as const;

export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** What the reader throws; `pkcs8.ts` turns it into an error that names the key. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export function writeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content);
  return concat(Uint8Array.of(tag), writeLength(body.length), body);
}

export function writeSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(derTag.sequence, ...elements);
}

export function writeOctetString(bytes: Uint8Array): Uint8Array {
  return writeDer(derTag.octetString, bytes);
}

/** Writes a non-negative INTEGER. */
export function writeInteger(value: number): Uint8Array {
  const bytes = bigEndian(value);
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return writeDer(derTag.integer, isNegative ? concat(Uint8Array.of(0), bytes) : bytes);
}

/** Writes an OBJECT IDENTIFIER given as dotted decimals. */
export function writeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return writeDer(derTag.oid, ...[first * 40 + second, ...rest].map(base128));
}

/**
 * Reads the one element that `bytes` consists of.
 * @throws DerError
 */
export function readDer(bytes: Uint8Array): DerElement {
  const [element, ...more] = readElements(bytes);
  if (element === undefined || more.length > 0) throw new DerError('expected exactly one element');
  return element;
}

/**
 * Reads the elements of a SEQUENCE.
 * @throws DerError
 */
export function readSequence(element: DerElement | undefined): readonly DerElement[] {
  return readElements(contentOf(element, derTag.sequence));
}

/**
 * Reads a non-negative INTEGER of at most 32 bits.
 * @throws DerError
 */
export function readInteger(element: DerElement | undefined): number {
  const content = contentOf(element, derTag.integer);
  const value = content.reduce((sum, byte) => sum * 256 + byte, 0);
  if (
    content.length === 0 ||
    content.length > 5 ||
    !sameBytes(writeInteger(value), writeDer(derTag.integer, content))
  ) {
    throw new DerError('expected a non-negative integer');
  }
  return value;
}

/**
 * Returns the content of an element of this tag.
 * @throws DerError
 */
export function contentOf(element: DerElement | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, got ${element?.tag ?? 'nothing'}`);
  return element.content;
}

function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const { header, length } = readHeader(rest);
    const end = header + length;
    if (end > rest.length) throw new DerError('truncated element');
    elements.push({ tag: rest[0] ?? 0, content: rest.subarray(header, end) });
    rest = rest.subarray(end);
  }
  return elements;
}

function readHeader(bytes: Uint8Array): { header: number; length: number } {
  const first = bytes[1];
  if (first === undefined) throw new DerError('truncated element');
  if (first < 0x80) return { header: 2, length: first };
  const count = first & 0x7f;
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  const header = 2 + count;
  if (count === 0 || count > 4 || !sameBytes(writeLength(length), bytes.subarray(1, header))) {
    throw new DerError('expected the shortest definite length');
  }
  return { header, length };
}

function writeLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes = bigEndian(length);
  return concat(Uint8Array.of(0x80 | bytes.length), bytes);
}

function bigEndian(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

function base128(value: number): Uint8Array {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
  return Uint8Array.from(bytes);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
