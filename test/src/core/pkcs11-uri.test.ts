import { describe, expect, it } from '@jest/globals';
import { formatPkcs11Uri, parsePkcs11Uri } from '../../../src/core/pkcs11-uri.ts';

describe('formatPkcs11Uri', () => {
  it('writes what RFC 7512 has', () => {
    const key = { token: 'root 2026', serial: '0a1b', object: 'k;1', id: Uint8Array.of(0, 0xfe) };
    expect(formatPkcs11Uri(key)).toBe('pkcs11:token=root%202026;serial=0a1b;object=k%3b1;id=%00%fe;type=private');
  });

  it.each([
    { token: 'Schlüssel 🔑', object: 'a=b&c?d/e%f' },
    { serial: "~_-.'()*!", id: Uint8Array.from({ length: 256 }, (_, byte) => byte) },
    { object: 'only' },
  ])('writes what parsePkcs11Uri reads back: %j', (key) => {
    expect(parsePkcs11Uri(formatPkcs11Uri(key))).toEqual({ scheme: 'pkcs11', ...key });
  });
});
