import { utf8 } from '../../core/bytes.ts';
import type { Cryptoki } from './cryptoki.ts';

/** CK_ATTRIBUTE: type, pointer, length, each of 8 bytes. */
const attributeBytes = 24;

export type AttributeValue = Uint8Array | string | number | boolean;

/** An attribute and its value; what is `undefined` is left out. */
export type Attributes = readonly (readonly [type: number, value: AttributeValue | undefined])[];

/** Attributes as a module takes them. */
export interface Template {
  /** The list and behind it the values, in one buffer: whoever holds it holds all that the module reads. */
  readonly bytes: Buffer;
  readonly count: number;
}

export function writeTemplate(cryptoki: Cryptoki, attributes: Attributes): Template {
  const values = attributes.flatMap(([type, value]) => (value === undefined ? [] : [{ type, bytes: bytesOf(value) }]));
  const total = values.reduce((sum, { bytes }) => sum + bytes.length, 0);
  // Not from Node's pool, where it would lie beside other data.
  const bytes = Buffer.alloc(values.length * attributeBytes + total);
  const start = cryptoki.addressOf(bytes);
  let end = values.length * attributeBytes;
  for (const [index, value] of values.entries()) {
    bytes.writeBigUInt64LE(BigInt(value.type), index * attributeBytes);
    bytes.writeBigUInt64LE(start + BigInt(end), index * attributeBytes + 8);
    bytes.writeBigUInt64LE(BigInt(value.bytes.length), index * attributeBytes + 16);
    bytes.set(value.bytes, end);
    end += value.bytes.length;
  }
  return { bytes, count: values.length };
}

/** A CK_ATTRIBUTE with room for a value, and how to read what the module put there. */
export function outputAttribute(cryptoki: Cryptoki, type: number, maxBytes: number) {
  const { bytes } = writeTemplate(cryptoki, [[type, new Uint8Array(maxBytes)]]);
  return {
    bytes,
    value: (): Uint8Array | undefined => {
      const length = bytes.readBigUInt64LE(16);
      // CK_UNAVAILABLE_INFORMATION is the largest number; a module that claims more than fits is not believed.
      if (length > BigInt(maxBytes)) return undefined;
      return new Uint8Array(bytes.subarray(attributeBytes, attributeBytes + Number(length)));
    },
  };
}

function bytesOf(value: AttributeValue): Uint8Array {
  if (typeof value === 'string') return utf8(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  return typeof value === 'number' ? wordBytes(value) : value;
}

/** A CK_ULONG. */
export function wordBytes(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
