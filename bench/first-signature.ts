import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageDirectory } from '../operate/settings.ts';
import { runProgram } from '../src/process/run-program.ts';
import { median } from './load/statistics.ts';

/*
 * npm run bench:first-signature -- [--json] [--runs 5]
 *
 * Measures how long `sigstead up --once` takes from its start to the first signature that a client verified, each
 * time with a fresh state. The servers have to be built already; one run before the counted ones sees to that.
 */
interface Once {
  readonly firstVerifiedSignatureMs: number;
  readonly phases: readonly { readonly name: string; readonly ms: number }[];
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
});

await once();
const runs: Once[] = [];
for (let run = 0; run < Number(values.runs); run += 1) runs.push(await once());

const first = runs.map((run) => run.firstVerifiedSignatureMs);
const report = {
  runs: runs.length,
  firstVerifiedSignatureMs: { min: Math.min(...first), median: median(first), max: Math.max(...first) },
  phasesMs: (runs[0]?.phases ?? []).map(({ name }) => ({
    name,
    median: median(runs.map((run) => run.phases.find((phase) => phase.name === name)?.ms ?? 0)),
  })),
};
process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report));

async function once(): Promise<Once> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: join(packageDirectory, 'bin', 'sigstead'),
    args: ['up', '--once', '--json'],
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    timeoutMs: 900_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Once;
}

function textOf({ firstVerifiedSignatureMs: { min, median: middle, max }, phasesMs }: typeof report): string {
  const phases = phasesMs.map((phase) => `  ${phase.name.padEnd(16)} ${phase.median} ms\n`);
  return `first verified signature: median ${middle} ms (${min} to ${max}, ${runs.length} runs)\n${phases.join('')}`;
}
