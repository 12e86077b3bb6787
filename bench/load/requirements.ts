import type { Comparison } from './comparison.ts';

/** A number that the gateway has to reach, and the one that was measured. */
export interface Requirement {
  readonly id: string;
  readonly title: string;
  readonly limit: number;
  readonly measured: number;
  readonly met: boolean;
}

const maxAddedMs = 1;
const minRateRatio = { certificate: 0.95, timestamp: 0.85 } as const;

/** Judges what was compared: latency where one client waits for nothing else, rates where most clients push. */
export function judge(unloaded: readonly Comparison[], loaded: readonly Comparison[]): readonly Requirement[] {
  return [
    ...unloaded.map((comparison) => atMost(`added-p99-${comparison.work}`, comparison.addedMs.p99, comparison.work)),
    ...(['certificate', 'timestamp'] as const).flatMap((work) => atLeast(work, loaded)),
    noErrors([...unloaded, ...loaded]),
  ];
}

function atMost(id: string, measured: number, work: string): Requirement {
  const title = `${work}, 1 client: the gateway adds at most ${maxAddedMs} ms at p99`;
  return { id, title, limit: maxAddedMs, measured, met: measured <= maxAddedMs };
}

function atLeast(work: keyof typeof minRateRatio, loaded: readonly Comparison[]): readonly Requirement[] {
  const most = loaded.filter((each) => each.work === work).toSorted((a, b) => b.clients - a.clients)[0];
  if (!most) return [];
  const limit = minRateRatio[work];
  const { rateRatio: measured, clients } = most;
  const title = `${work}, ${clients} clients: at least ${limit} of the bare servers' rate`;
  return [{ id: `rate-${work}`, title, limit, measured, met: measured >= limit }];
}

function noErrors(comparisons: readonly Comparison[]): Requirement {
  const counts = comparisons.flatMap(({ gateway, bare }) => [gateway.errors, bare.errors]).flatMap(Object.values);
  const measured = counts.reduce((sum: number, count: number) => sum + count, 0);
  return { id: 'errors', title: 'no request fails', limit: 0, measured, met: measured === 0 };
}
