import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { isJsonObject, parseJson, parseJsonObject } from '../../../src/core/json.ts';

const limits = { what: 'answer.json', maxBytes: 10 };

describe('parseJson', () => {
  it('accepts as many bytes as are allowed, and refuses one more before it parses', () => {
    expect(parseJson(utf8('[1,2,3,45]'), limits)).toEqual([1, 2, 3, 45]);
    expect(() => parseJson(utf8('[1,2,3,456'), { ...limits, maxBytes: 9 })).toThrowToolkit('CORE_TOO_LARGE', {
      maxBytes: 9,
      bytes: 10,
    });
  });

  it.each(['', ' ', '{', '{"a":1,}', "{'a':1}", 'NaN', '1 2', '\uFEFF{}', '// x'])('refuses %j', (text) => {
    expect(() => parseJson(utf8(text), limits)).toThrowToolkit('CORE_JSON');
  });

  it('refuses bytes that are not UTF-8, and names the document', () => {
    expect(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]), limits)).toThrowToolkit('CORE_JSON');
    expect(() => parseJson(new Uint8Array([0xff]), limits)).toThrow('answer.json: expected a JSON document');
  });
});

describe('parseJsonObject', () => {
  it('accepts an object', () => {
    expect(parseJsonObject(utf8('{"a":1}'), limits)).toEqual({ a: 1 });
  });

  it.each(['[]', 'null', '1', '"a"', 'true'])('refuses %s', (text) => {
    expect(() => parseJsonObject(utf8(text), limits)).toThrowToolkit('CORE_JSON');
  });
});

describe('isJsonObject', () => {
  it.each([
    [{}, true],
    [{ a: null }, true],
    [[], false],
    [null, false],
    [undefined, false],
    ['', false],
  ] as const)('%j: %p', (value, is) => {
    expect(isJsonObject(value)).toBe(is);
  });
});
