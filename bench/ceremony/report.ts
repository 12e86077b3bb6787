import { rounded } from '../load/statistics.ts';
import type { WorkTime } from './measure.ts';
import type { RehearsedTimes } from './rehearsal.ts';

export interface CeremonyTimes {
  readonly runs: number;
  readonly works: readonly WorkTime[];
  readonly rehearsal: RehearsedTimes;
}

/** A number that has to be reached, and the one that was measured. */
export interface CeremonyRequirement {
  readonly title: string;
  readonly limit: number;
  readonly measured: number;
  readonly met: boolean;
}

export interface CeremonyReport extends CeremonyTimes {
  /** How much longer our client takes than tuf-js for the same repository; absent where it was not measured. */
  readonly ratio?: number;
  readonly requirements: readonly CeremonyRequirement[];
}

/** The events whose times together have a limit. */
const limited = [
  ...['genesis', 'renew', 'replace-key', 'replace-quorum', 'rotate-online', 'revoke-key'],
  ...['ca-genesis', 'ca-issue'],
];

/** Judges what was measured; what was skipped is not judged. */
export function ceremonyReport(times: CeremonyTimes): CeremonyReport {
  const medianOf = (name: string) => times.works.find(({ work }) => work === name)?.median;
  const [ours, theirs] = [medianOf('sigstead'), medianOf('tuf-js')];
  const both = ours === undefined || theirs === undefined ? undefined : ours + theirs;
  const events = times.rehearsal.events.filter(({ kind }) => limited.includes(kind));
  const seconds = events.reduce((sum, event) => sum + event.seconds, 0);
  return {
    ...times,
    ...(ours !== undefined && theirs !== undefined && { ratio: rounded(ours / theirs) }),
    requirements: [
      ...atMost('ceremony verify of the public instance, both clients, ms', 300, both),
      ...atMost('planning a change of a root of five holders, once its directory is open, ms', 100, medianOf('plan')),
      ...atMost('a signature by SoftHSM, ms', 150, medianOf('sign')),
      ...atMost(`rehearsing ${events.map(({ kind }) => kind).join(', ')}, s`, 60, seconds),
    ],
  };
}

function atMost(title: string, limit: number, measured: number | undefined): readonly CeremonyRequirement[] {
  return measured === undefined ? [] : [{ title, limit, measured: rounded(measured), met: measured <= limit }];
}

/** Formats a report as tables and a list, for a person. */
export function formatCeremonyReport({ runs, works, ratio, rehearsal, requirements }: CeremonyReport): string {
  const row = (cells: readonly string[]) => cells.map((cell, index) => cell.padEnd(index === 0 ? 22 : 9)).join(' ');
  return [
    row([`work, ${runs} runs`, 'median ms', 'min', 'max']).trimEnd(),
    ...works.map(({ work, median, min, max }) =>
      row([titles[work] ?? work, ...[median, min, max].map(String)]).trimEnd(),
    ),
    ...(ratio === undefined ? [] : [`our client takes ${ratio} times as long as tuf-js`]),
    '',
    row([`event, ${rehearsal.signer}`, 'seconds']).trimEnd(),
    ...rehearsal.events.map(({ kind, seconds }) => row([kind, seconds.toFixed(1)]).trimEnd()),
    '',
    ...requirements.map(
      ({ met, title, limit, measured }) => `${met ? 'met    ' : 'NOT MET'}  ${title}: ${measured} (at most ${limit})`,
    ),
    '',
  ].join('\n');
}

const titles: Readonly<Record<string, string>> = {
  sigstead: 'verify, our client',
  'tuf-js': 'verify, tuf-js',
  open: 'open root-signing/',
  plan: 'plan, lint, write',
  sign: 'sign, SoftHSM',
};
