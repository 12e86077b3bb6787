import { formatInstant, parseInstant } from '../core/clock.ts';
import { ToolkitError } from '../core/error.ts';
import type { JsonObject } from '../core/json.ts';
import { object, optional, parsed, type Read, text } from '../core/shape.ts';

/** When an authority is (or was) one; both ends belong to the period, and no `end` means none is known. */
export interface AuthorityPeriod {
  readonly start: Date;
  readonly end?: Date;
}

/** True at `start`, at `end` and between. */
export function isValidAt(period: AuthorityPeriod, date: Date): boolean {
  return period.start <= date && (period.end === undefined || date <= period.end);
}

export function overlaps(a: AuthorityPeriod, b: AuthorityPeriod): boolean {
  return (a.end === undefined || b.start <= a.end) && (b.end === undefined || a.start <= b.end);
}

/**
 * Writes a period in whole seconds, rounded down: a timestamp counts whole seconds, so a start with a fraction would
 * come after the first signature of its own second.
 */
export function formatPeriod(period: AuthorityPeriod): JsonObject {
  return { start: formatInstant(period.start), ...(period.end && { end: formatInstant(period.end) }) };
}

/** A period of our own files: whole seconds, as `formatPeriod` writes them. */
export const wholePeriod: Read<AuthorityPeriod> = periodOf(parsed(text, (value) => parseInstant(value)));

/** A period of a file that somebody else may have written: any time in UTC that protobuf's JSON form knows. */
export const protobufPeriod: Read<AuthorityPeriod> = periodOf(parsed(text, parseProtobufTime));

function periodOf(instant: Read<Date>): Read<AuthorityPeriod> {
  return parsed(object({ start: instant, end: optional(instant) }), ({ start, end }) => ({
    start,
    ...(end && { end }),
  }));
}

/** A fraction is kept to the millisecond. @see https://protobuf.dev/programming-guides/json/ */
function parseProtobufTime(value: string): Date {
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(value) ?? [];
  const date = new Date(`${seconds}${fraction.slice(0, 4)}Z`);
  // JavaScript reads 30 February as 2 March; the text must come out as it went in.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(`${seconds}.`)) {
    throw new ToolkitError('TRUST_FORMAT', {
      message: `expected a time like 2026-11-22T10:00:00Z, got ${JSON.stringify(value.slice(0, 40))}`,
      fault: 'input',
    });
  }
  return date;
}

/** Writes a period for a person: `from X`, or `from X to Y`. */
export function describePeriod({ start, end }: AuthorityPeriod): string {
  return `from ${describeTime(start)}${end ? ` to ${describeTime(end)}` : ''}`;
}

/** Writes a time for a person, with its fraction where it has one. */
export function describeTime(date: Date): string {
  return date.getUTCMilliseconds() === 0 ? formatInstant(date) : date.toISOString();
}
