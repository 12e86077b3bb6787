import { describe, expect, it } from '@jest/globals';
import { nearest } from '../../../src/core/nearest.ts';

const names = ['status', 'smoke', 'down', 'up', '--state'];

describe('nearest', () => {
  it.each([
    ['stauts', 'status'],
    ['Status', 'status'],
    ['dwon', 'down'],
    ['u', 'up'],
    ['--stat', '--state'],
    ['-state', '--state'],
  ])('accepts %s as %s', (word, meant) => {
    expect(nearest(word, names)).toBe(meant);
  });

  it.each(['', 'login', 'sign', 'x'.repeat(100)])('finds none for %j', (word) => {
    expect(nearest(word, names)).toBeUndefined();
  });
});
