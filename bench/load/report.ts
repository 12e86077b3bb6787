import type { Comparison } from './comparison.ts';
import type { Requirement } from './requirements.ts';

const columns = [
  'work',
  'clients',
  'bare/s',
  'gateway/s',
  'ratio',
  'bare p50/p99 ms',
  'gateway p50/p99 ms',
  'µs/request',
];

/** Formats comparisons as a table and requirements as a list, for a person. */
export function formatReport(comparisons: readonly Comparison[], requirements: readonly Requirement[]): string {
  const rows = [columns, ...comparisons.map(rowOf)];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  const table = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const verdicts = requirements.map(
    ({ met, title, measured }) => `${met ? 'met    ' : 'NOT MET'}  ${title}: ${measured}`,
  );
  return `${[...table, '', ...verdicts].join('\n')}\n`;
}

function rowOf({
  work,
  clients,
  bare,
  gateway,
  rateRatio,
  gatewayMicrosecondsPerRequest,
}: Comparison): readonly string[] {
  return [
    work,
    String(clients),
    String(bare.perSecond),
    String(gateway.perSecond),
    String(rateRatio),
    `${bare.p50Ms} / ${bare.p99Ms}`,
    `${gateway.p50Ms} / ${gateway.p99Ms}`,
    String(gatewayMicrosecondsPerRequest),
  ];
}
