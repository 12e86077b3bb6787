import { describe, expect, it } from '@jest/globals';
import { canonicalize as reference } from '@tufjs/canonical-json';
import fc from 'fast-check';
import type { Json } from '../../../src/core/json.ts';
import { canonicalize } from '../../../src/tuf/canonical-json.ts';

const text = (value: Json): string => new TextDecoder().decode(canonicalize(value));

describe('canonicalize', () => {
  it('agrees with @tufjs/canonical-json on everything that it accepts', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 12 });
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false),
        fc.maxSafeInteger(),
        ascii,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(ascii, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(fc.property(value, (json) => expect(text(json as Json)).toBe(reference(json))));
  });

  it('sorts names, and escapes nothing but quotes and backslashes', () => {
    expect(text({ b: 1, a: { '"': '\\\n' }, B: [true, null] })).toBe('{"B":[true,null],"a":{"\\"":"\\\\\n"},"b":1}');
  });

  it.each([
    ['a fraction', 1.5],
    ['an integer that a double does not hold', 2 ** 53],
    ['text outside ASCII', 'é'],
    ['a name outside ASCII', { é: 1 }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalize(value)).toThrowToolkit('TUF_CANONICAL');
  });

  it('refuses nesting that would exhaust the stack', () => {
    const nested = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as Json;
    expect(() => canonicalize(nested)).toThrowToolkit('TUF_CANONICAL');
  });
});
