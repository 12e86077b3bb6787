import { describe, expect, it } from '@jest/globals';
import { printable, printableLines } from '../../../src/core/printable.ts';

describe('printable', () => {
  it.each([
    ['a colour', '\x1b[31mred\x1b[0m', 'red'],
    ['a window title', '\x1b]0;title\x07text', 'text'],
    ['a bell', 'a\x07b', 'ab'],
    ['an escape that is cut off', 'a\x1b', 'a'],
    ['a one-byte escape', 'a\x9b31mb', 'ab'],
    ['a carriage return', 'forged\rline', 'forgedline'],
    ['a line feed', 'one\nsigstead: forged', 'one sigstead: forged'],
    ['a line separator', 'one\u2028forged\u2029line', 'oneforgedline'],
    ['a tab', 'a\tb', 'a b'],
    ['reversed text', 'a\u202eb', 'ab'],
    ['letters of every kind', 'Zürich 東京 ✓', 'Zürich 東京 ✓'],
  ])('makes %s harmless', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

describe('printableLines', () => {
  it('keeps lines apart, and makes each harmless', () => {
    expect(printableLines('one\n\x1b[2Jtwo\n')).toBe('one\ntwo\n');
  });
});
