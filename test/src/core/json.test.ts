import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { isJsonObject, parseJson, parseJsonObject, toJson } from '../../../src/core/json.ts';

const limits = { what: 'answer.json', maxBytes: 10 };

describe('toJson', () => {
  it('returns what the document of a value reads', () => {
    const value = { at: new Date('2026-11-22T10:00:00Z'), none: undefined, list: [1, { deep: null }] };
    expect(toJson(value)).toEqual({ at: '2026-11-22T10:00:00.000Z', list: [1, { deep: null }] });
  });
});

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

describe('parseJson, of a nested document', () => {
  const deep = (levels: number, open = '[', close = ']') => utf8(open.repeat(levels) + close.repeat(levels));
  const large = { what: 'deep.json', maxBytes: 1_000_000 };

  it('accepts 100 levels, and refuses one more', () => {
    expect(() => parseJson(deep(100), large)).not.toThrow();
    for (const levels of [101, 100_000]) {
      expect(() => parseJson(deep(levels), large)).toThrowToolkit('CORE_JSON', { maxDepth: 100 });
      expect(() => parseJson(deep(levels), large)).toThrow(
        'deep.json: expected a JSON document, got one nested deeper',
      );
    }
  });

  it('refuses objects as deep, and a document that is cut off', () => {
    const objects = utf8(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`);
    expect(() => parseJson(objects, large)).toThrowToolkit('CORE_JSON', { maxDepth: 100 });
    expect(() => parseJson(utf8('['.repeat(100_000)), large)).toThrowToolkit('CORE_JSON', { maxDepth: 100 });
  });

  it('accepts brackets in strings, also after an escaped quote, and as many values side by side', () => {
    const strings = ['['.repeat(200), `"${'{'.repeat(200)}`, '\\', '\\"['.repeat(200)];
    expect(parseJson(utf8(JSON.stringify(strings)), large)).toEqual(strings);
    const wide = Array.from({ length: 200 }, () => [{}]);
    expect(parseJson(utf8(JSON.stringify(wide)), large)).toEqual(wide);
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
