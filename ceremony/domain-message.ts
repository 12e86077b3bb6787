import { utf8 } from '../src/core/bytes.ts';

/**
 * Returns a message that means one thing: the domain, the number of fields, then the length and the text of each.
 *
 * Nothing else that our keys sign begins with a domain: a certificate begins with 0x30, TUF metadata with a brace.
 */
export function domainMessage(domain: string, fields: readonly string[]): Uint8Array {
  return utf8([domain, fields.length, ...fields.flatMap((field) => [utf8(field).length, field])].join(' '));
}
