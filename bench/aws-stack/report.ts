import type { Block } from '../load/block.ts';
import type { Requirement } from '../load/requirements.ts';
import { quantile, rounded } from '../load/statistics.ts';
import { type CpuUse, percent, type Share, saturatedBy, sharesOf } from './cpu.ts';
import type { CtLogCost } from './ct-log-cost.ts';
import { entryName, writeGateName } from './processes.ts';
import { failuresOf } from './window.ts';

/** So many clients for a while. */
export interface Step {
  readonly clients: number;
  readonly block: Block;
  readonly cpu: CpuUse;
}

/** What was measured on one way to the servers. */
export interface Climb {
  readonly way: string;
  readonly steps: readonly Step[];
}

export interface Measured {
  readonly writers: 'anyone' | 'certificate';
  readonly cores: number;
  /** Names of the processes that cannot use more than one core. */
  readonly oneCore: readonly string[];
  readonly climbs: readonly Climb[];
  /** Seconds of processor time of `entry` at the start of each task. */
  readonly entryStarts: Readonly<Record<string, number>>;
  readonly ctLogCost: CtLogCost;
}

export interface StepSummary {
  readonly clients: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly coresBusy: number;
}

/** What is ours in the step with the highest rate, in seconds of processor time. */
export interface Ours {
  /** None runs on AWS, where CloudFront and the load balancer are in its place. */
  readonly gateway: 0;
  /** As though every task had started within this step: once it has become the server, it is no more. */
  readonly entry: number;
  /** Judges what is written to Rekor, where not everybody may. */
  readonly writeGate: number;
  /** What our main spends on these certificates beyond upstream's. */
  readonly ctLog: number;
  readonly share: number;
}

export interface ClimbReport {
  readonly way: string;
  readonly steps: readonly StepSummary[];
  readonly best: { readonly clients: number; readonly saturated: string; readonly shares: readonly Share[] };
  readonly ours: Ours;
}

export interface AwsStackReport {
  readonly writers: Measured['writers'];
  readonly cores: number;
  readonly climbs: readonly ClimbReport[];
  readonly entryStarts: Readonly<Record<string, number>>;
  readonly ctLogCost: CtLogCost;
  readonly requirements: readonly Requirement[];
}

const maxOurs = 0.1;

export function awsStackReport(measured: Measured): AwsStackReport {
  const climbs = measured.climbs.map((climb) => reportOf(climb, measured));
  const { writers, cores, entryStarts, ctLogCost } = measured;
  const failures = climbs.flatMap(({ steps }) => steps).reduce((sum, step) => sum + step.failures, ctLogCost.failures);
  const requirements = [
    { id: 'failures', title: 'no request fails', limit: 0, measured: failures, met: failures === 0 },
    ...climbs.map(({ way, ours: { share } }) => ({
      id: `ours ${way}`,
      title: `${way}: share of the processor time that is ours (at most ${percent(maxOurs)})`,
      ...{ limit: maxOurs, measured: rounded(share), met: share <= maxOurs },
    })),
  ];
  return { writers, cores, climbs, entryStarts, ctLogCost, requirements };
}

/** The step with the highest rate. */
export function bestOf(steps: readonly Step[]): Step {
  const [first, ...others] = steps;
  if (!first) throw new Error('expected a step');
  return others.reduce((best, step) => (step.block.perSecond > best.block.perSecond ? step : best), first);
}

export function oursIn(
  { block, cpu }: Step,
  { entryStarts, ctLogCost }: Pick<Measured, 'entryStarts' | 'ctLogCost'>,
): Ours {
  const starts = Object.values(entryStarts).reduce((sum, seconds) => sum + seconds, 0);
  const entry = (cpu.parties[entryName] ?? 0) + starts;
  const writeGate = cpu.parties[writeGateName] ?? 0;
  const ctLog = (Math.max(0, ctLogCost.ours - ctLogCost.upstream) * block.completed) / 1_000;
  return { gateway: 0, entry, writeGate, ctLog, share: (entry + writeGate + ctLog) / (cpu.total + starts) };
}

function reportOf({ way, steps }: Climb, measured: Measured): ClimbReport {
  const best = bestOf(steps);
  return {
    way,
    steps: steps.map(summaryOf),
    best: { clients: best.clients, saturated: saturatedBy(best.cpu, measured), shares: sharesOf(best.cpu) },
    ours: oursIn(best, measured),
  };
}

export function summaryOf({ clients, block, cpu }: Step): StepSummary {
  return {
    clients,
    perSecond: rounded(block.perSecond),
    p50Ms: rounded(quantile(block.latencies, 0.5)),
    p99Ms: rounded(quantile(block.latencies, 0.99)),
    failures: failuresOf(block),
    errors: block.errors,
    coresBusy: rounded(cpu.machine / cpu.seconds),
  };
}

export function formatAwsStackReport(report: AwsStackReport): string {
  const starts = Object.entries(report.entryStarts).map(([task, seconds]) => `${task} ${rounded(seconds * 1_000)} ms`);
  const { ours, upstream } = report.ctLogCost;
  return [
    `writers of Rekor: ${report.writers}`,
    '',
    ...report.climbs.flatMap(formatClimb),
    `entry, at the start of a task: ${starts.join(', ')}`,
    `ct-log, per certificate: ${rounded(ours)} ms of processor time, upstream's beside it ${rounded(upstream)} ms`,
    '',
    ...report.requirements.map(({ met, title, measured }) => `${met ? 'met    ' : 'NOT MET'}  ${title}: ${measured}`),
    '',
  ].join('\n');
}

function formatClimb({ way, steps, best, ours }: ClimbReport): readonly string[] {
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(24) : String(cell).padStart(13))).join(' ');
  return [
    row([way, 'signatures/s', 'p50 ms', 'p99 ms', 'failures', 'cores busy']),
    ...steps.map((step) =>
      row([`${step.clients} clients`, step.perSecond, step.p50Ms, step.p99Ms, step.failures, step.coresBusy]),
    ),
    ...steps.flatMap(({ errors }) => Object.entries(errors).map(([text, count]) => `  ${count} × ${text}`)),
    '',
    `with ${best.clients} clients, saturated is ${best.saturated}`,
    row(['', 'CPU s', 'share', 'cores']),
    ...best.shares.map(({ name, cpuSeconds, share, cores }) =>
      row([name, rounded(cpuSeconds), percent(share), rounded(cores)]),
    ),
    `ours: ${percent(ours.share)} (gateway 0 s, entry ${rounded(ours.entry)} s, write-gate ${rounded(ours.writeGate)} s, ct-log beyond upstream's ${rounded(ours.ctLog)} s)`,
    '',
  ];
}
