import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { numberAbovePattern } from '../../../lib/constructs/content-length.ts';

describe('numberAbovePattern', () => {
  it('accepts exactly the numbers above, to one beyond', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.integer({ min: -3, max: 3 }), (max, step) => {
        const value = Math.max(0, max + step);
        expect(new RegExp(numberAbovePattern(max)).test(String(value))).toBe(value > max);
      }),
    );
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(10_000_000), (max, value) => {
        expect(new RegExp(numberAbovePattern(max)).test(String(value))).toBe(value > max);
      }),
    );
  });

  it.each([65_536, 16_384, 9, 99, 100, 0])('is short enough for AWS WAF at %i', (max) => {
    expect(numberAbovePattern(max).length).toBeLessThan(200);
  });
});
