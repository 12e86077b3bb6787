import { describe, expect, it } from '@jest/globals';
import { addMs, dayMs, floorToSecond, formatInstant, parseInstant, systemClock } from '../../../src/core/clock.ts';

describe('parseInstant', () => {
  it.each([
    '2026-11-22T10:00:00Z',
    '2028-02-29T23:59:59Z',
    '1970-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('accepts %s, and writes it the same', (text) => {
    expect(formatInstant(parseInstant(text))).toBe(text);
  });

  it.each([
    '',
    '2026-11-22',
    '2026-11-22T10:00Z',
    '2026-11-22T10:00:00',
    '2026-11-22T10:00:00z',
    '2026-11-22t10:00:00Z',
    '2026-11-22 10:00:00Z',
    '2026-11-22T10:00:00.0Z',
    '2026-11-22T10:00:00.000Z',
    '2026-11-22T10:00:00+00:00',
    '2026-11-22T24:00:00Z',
    '2026-11-22T10:00:60Z',
    '2026-02-30T10:00:00Z',
    '2026-02-29T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-00-01T10:00:00Z',
    '+002026-11-22T10:00Z',
    '10000-01-01T00:00:0Z',
    ' 2026-11-22T10:00:00Z',
    '2026-11-22T10:00:00Z\n',
    '٢٠٢٦-11-22T10:00:00Z',
    '1795341600',
  ])('refuses %j', (text) => {
    expect(() => parseInstant(text, 'expires')).toThrowToolkit('CORE_TIME');
    expect(() => parseInstant(text, 'expires')).toThrow(/^expires: expected a time like 2026-/);
  });
});

describe('floorToSecond', () => {
  it.each([
    ['2026-11-22T10:00:00.999Z', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00:00.000Z', '2026-11-22T10:00:00.000Z'],
    ['1969-12-31T23:59:59.001Z', '1969-12-31T23:59:59.000Z'],
  ])('takes the fraction off %s', (date, floor) => {
    expect(floorToSecond(new Date(date)).toISOString()).toBe(floor);
  });
});

describe('addMs', () => {
  it('returns another date, and leaves the first alone', () => {
    const date = new Date('2026-11-22T10:00:00Z');
    expect(formatInstant(addMs(date, dayMs))).toBe('2026-11-23T10:00:00Z');
    expect(formatInstant(date)).toBe('2026-11-22T10:00:00Z');
  });
});

describe('systemClock', () => {
  it('goes forward', () => {
    const before = Date.now();
    expect(systemClock.now().getTime()).toBeGreaterThanOrEqual(before);
  });
});
