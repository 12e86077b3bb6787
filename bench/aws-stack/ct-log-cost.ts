import { LoadClient } from '../load/load-client.ts';
import type { Signatories } from '../load/signatories.ts';
import { median } from '../load/statistics.ts';
import { cpuBetween } from './cpu.ts';
import { type Party, readCpu } from './processes.ts';
import { obtainCertificate, type Trust } from './signature.ts';
import { failuresOf, runWindow } from './window.ts';

export interface CtLogSide {
  /** Of a Fulcio that writes to this log. */
  readonly fulcioUrl: string;
  readonly party: Party;
}

/** What certificates cost the process of a CT log: ours beside upstream's, under the same load in turn. */
export interface CtLogCost {
  /** Milliseconds of processor time per certificate, the median over the rounds. */
  readonly ours: number;
  readonly upstream: number;
  readonly failures: number;
}

export interface CtLogCostOptions {
  readonly clients: number;
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly signatories: Signatories;
  readonly trust: Pick<Trust, 'authority'>;
}

export async function compareCtLogs(
  sides: { readonly ours: CtLogSide; readonly upstream: CtLogSide },
  options: CtLogCostOptions,
): Promise<CtLogCost> {
  const spent: { ours: number[]; upstream: number[] } = { ours: [], upstream: [] };
  let failures = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    const order = round % 2 === 0 ? (['ours', 'upstream'] as const) : (['upstream', 'ours'] as const);
    for (const side of order) {
      const measured = await measure(sides[side], options);
      spent[side].push(measured.msPerCertificate);
      failures += measured.failures;
    }
  }
  return { ours: median(spent.ours), upstream: median(spent.upstream), failures };
}

async function measure({ fulcioUrl, party }: CtLogSide, options: CtLogCostOptions) {
  const client = new LoadClient(fulcioUrl, options.clients);
  const signatories = await options.signatories.take(options.clients);
  const { block, before, after } = await runWindow(
    signatories.map((signatory) => () => obtainCertificate(client, signatory, options.trust)),
    { ...options, read: () => readCpu([party]) },
  );
  client.close();
  if (block.completed === 0)
    throw new Error(`${party.name}: no certificate was issued: ${Object.keys(block.errors).join('; ')}`);
  const { total } = cpuBetween(before, after);
  return { msPerCertificate: (total * 1_000) / block.completed, failures: failuresOf(block) };
}
