import { describe, expect, it } from '@jest/globals';
import { checkPeriods, rolesDue } from '../../ceremony/periods.ts';
import { addMs, minuteMs } from '../../src/core/clock.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import { inDays, now, publishedRepository, readerOf, rootPolicy } from '../support/root-of-trust.ts';

const { store, pinnedRoot } = await publishedRepository();
const repository = await readRepository({ read: readerOf(store), pinnedRoot });
const check = (at: Date) => checkPeriods({ repository, policy: rootPolicy(), now: at });

describe('checkPeriods', () => {
  it.each([
    [0, []],
    [1, ['timestamp']],
    [3, ['timestamp']],
    [7, ['snapshot', 'timestamp']],
    [60, ['targets', 'snapshot', 'timestamp']],
    [120, ['root', 'targets', 'snapshot', 'timestamp']],
  ])('after %d days %j want signing', (days, roles) => {
    expect(rolesDue(check(inDays(days)))).toEqual(roles);
  });

  it('knows due from expired to the second', () => {
    expect(check(addMs(inDays(3), -1)).timestamp.state).toBe('due');
    expect(check(inDays(3)).timestamp).toMatchObject({ state: 'expired', version: 1, expires: inDays(3) });
  });

  it('refuses a clock that went back, and accepts the skew of two good clocks', () => {
    expect(check(addMs(now, -5 * minuteMs)).timestamp.state).toBe('fresh');
    expect(() => check(addMs(now, -5 * minuteMs - 1))).toThrowToolkit('CER_CLOCK_WENT_BACK', { expiryDays: 3 });
  });
});
