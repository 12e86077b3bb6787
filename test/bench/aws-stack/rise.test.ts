import { describe, expect, it } from '@jest/globals';
import { stillRises } from '../../../bench/aws-stack/rise.ts';

describe('stillRises', () => {
  it.each([
    ['one step', [10]],
    ['two steps, even if the second brings somewhat less', [10, 7]],
    ['each step brings more', [10, 20, 40]],
    ['the last step brings 5 % more', [10, 10, 10.5]],
    ['the last but one did', [10, 10.5, 10]],
  ])('goes on: %s', (_, rates) => {
    expect(stillRises(rates)).toBe(true);
  });

  it.each([
    ['two steps bring less than 5 % more', [10, 10.4, 10.49]],
    ['two steps bring less', [5, 10, 9, 8]],
    ['one step brings less than two thirds of the best', [5, 10, 20, 13]],
    ['two steps recover what an earlier one lost', [10, 5, 7, 9]],
  ])('ends: %s', (_, rates) => {
    expect(stillRises(rates)).toBe(false);
  });
});
