import { ToolkitError } from './error.ts';

/** Where the time comes from. A parameter everywhere, so that tests own the clock. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Returns `date` without its fraction of a second: RFC 3161 genTime and TUF count whole seconds. */
export function floorToSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / secondMs) * secondMs);
}

export function addMs(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}

/** Formats `YYYY-MM-DDTHH:MM:SSZ`, the only form that every TUF client parses. */
export function formatInstant(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/**
 * Parses `YYYY-MM-DDTHH:MM:SSZ` and nothing else.
 * @throws CORE_TIME
 */
export function parseInstant(text: string, what = 'time'): Date {
  const date = new Date(text);
  if (text.length !== 20 || Number.isNaN(date.getTime()) || formatInstant(date) !== text) {
    throw new ToolkitError('CORE_TIME', {
      message: `${what}: expected a time like 2026-11-22T10:00:00Z, got ${JSON.stringify(text.slice(0, 40))}`,
      fault: 'input',
      hint: 'in UTC and to the second, as this prints it: date -u +%Y-%m-%dT%H:%M:%SZ',
    });
  }
  return date;
}
