import { formatInstant } from '../src/core/clock.ts';
import type { RoleOutlook } from './outlook.ts';

/** Returns a calendar with, for each role, the day from which its next version is to be signed and the one it expires. */
export function calendarOf(roles: readonly RoleOutlook[], now: Date): string {
  const events = roles.flatMap(({ role, version, dueFrom, expires }) => [
    ...eventOf(`${role}-${version}-due`, `TUF ${role}: sign the version after v${version}`, dueFrom, now),
    ...eventOf(`${role}-${version}-expires`, `TUF ${role} v${version} expires`, expires, now),
  ]);
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//sigstead//ceremony status//EN',
    ...events,
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** An event of RFC 5545 §3.6.1; no line is longer than the 75 bytes that §3.1 allows. */
function eventOf(uid: string, summary: string, at: Date, now: Date): readonly string[] {
  const stamp = (time: Date) => formatInstant(time).replace(/[-:]/g, '');
  return [
    'BEGIN:VEVENT',
    `UID:${uid}@sigstead`,
    `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(at)}`,
    `SUMMARY:${summary}`,
    'END:VEVENT',
  ];
}

/** Returns the times of all roles in the text format of Prometheus, for a file that its node exporter collects. */
export function metricsOf(roles: readonly RoleOutlook[]): string {
  const gauge = (name: string, help: string, measure: (role: RoleOutlook) => number) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...roles.map((each) => `${name}{role="${each.role}"} ${measure(each)}`),
  ];
  const seconds = (time: Date) => time.getTime() / 1_000;
  return [
    ...gauge('sigstead_tuf_version', 'Published version of a TUF role.', ({ version }) => version),
    ...gauge('sigstead_tuf_due_timestamp_seconds', 'When the next version is to be signed.', (role) =>
      seconds(role.dueFrom),
    ),
    ...gauge('sigstead_tuf_expires_timestamp_seconds', 'When a TUF role expires.', (role) => seconds(role.expires)),
    '',
  ].join('\n');
}
