import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../../src/core/bytes.ts';
import { parseStrictJson } from '../../../src/tuf/strict-json.ts';

const parse = (text: string) => parseStrictJson(utf8(text), { what: 'root', maxBytes: 1_000 });

describe('parseStrictJson', () => {
  it.each([
    ['{ "a" : [1, -2, 0],\r\n\t"b": "x \\" y \\\\ z\\n" }', { a: [1, -2, 0], b: 'x " y \\ z\n' }],
    ['{"1":{"0":true},"e":"1.5 1e9 -0"}', { 1: { 0: true }, e: '1.5 1e9 -0' }],
  ])('accepts %s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it('accepts what JSON.stringify writes, with any indentation', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 8 });
    const object = fc.dictionary(ascii, fc.oneof(ascii, fc.integer(), fc.array(ascii)), { noNullPrototype: true });
    fc.assert(
      fc.property(object, fc.nat(3), (value, indent) => {
        expect(parseStrictJson(utf8(JSON.stringify(value, null, indent)), { what: 'x', maxBytes: 1e5 })).toEqual(value);
      }),
    );
  });

  it.each([
    ['a repeated name', '{"a":1,"a":2}'],
    ['a repeated name below', '{"a":{"b":1,"b":1}}'],
    ['a fraction of nothing', '{"a":1.0}'],
    ['an exponent', '{"a":1e3}'],
    ['minus zero', '{"a":-0}'],
    ['a needless escape', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrowToolkit('TUF_METADATA');
  });

  it.each([
    ['CORE_JSON', '[]'],
    ['CORE_JSON', '{"a":1}x'],
    ['CORE_JSON', '\uFEFF{}'],
    ['TUF_CANONICAL', '{"a":"ü"}'],
    ['CORE_TOO_LARGE', `{"a":"${'x'.repeat(1_000)}"}`],
  ])('refuses with %s: %.12s', (code, text) => {
    expect(() => parse(text)).toThrowToolkit(code);
  });
});
