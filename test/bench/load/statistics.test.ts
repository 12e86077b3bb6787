import { describe, expect, it } from '@jest/globals';
import { median, quantile, rounded } from '../../../bench/load/statistics.ts';

describe('quantile', () => {
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0.001, 1],
  ])('of one hundred values, below %d: %d', (share, value) => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(values, share)).toBe(value);
  });

  it('is no number if there are no values', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('median', () => {
  it('is the middle value', () => {
    expect(median([3, 1, 2])).toBe(2);
  });
});

describe('rounded', () => {
  it('keeps three digits', () => {
    expect([rounded(1.23456), rounded(12345), rounded(0.00012345)]).toEqual([1.23, 12300, 0.000123]);
  });
});
