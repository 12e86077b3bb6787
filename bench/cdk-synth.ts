import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageDirectory } from '../operate/settings.ts';
import { runProgram } from '../src/process/run-program.ts';
import { writeRecordedInstance } from './cdk-synth/recorded-instance.ts';
import { median, rounded } from './load/statistics.ts';

/*
 * npm run bench:cdk-synth -- [--json] [--runs 5]
 *
 * Measures what an engineer waits for at each `cdk synth`, `diff` and `deploy`: the app of `examples/production.yaml`
 * with everything recorded, by the command of cdk.json, beside an app with one empty stack, as `npx cdk` would start
 * both, in turn. Both have the context of cdk.json, so both load and run the rules of aws-cdk-lib. Exits with 0 whatever
 * the numbers are.
 */
const limit = 4;
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
});
const runs = Number(values.runs);

const cdk = JSON.parse(await readFile(join(packageDirectory, 'cdk.json'), 'utf8')) as { app: string; context: object };

const directory = await mkdtemp(join(tmpdir(), 'sigstead-bench-'));
try {
  const instance = join(directory, 'instance');
  await writeRecordedInstance(instance);
  const apps = {
    empty: { command: 'node bench/cdk-synth/empty-app.ts', context: {} },
    production: {
      command: cdk.app,
      context: { config: join(instance, 'sigstead.yaml'), complete: 'true' },
    },
  };
  const times: { empty: number[]; production: number[] } = { empty: [], production: [] };
  // Once each for nothing: what the first one reads from disk, the others find in memory.
  for (const app of Object.values(apps)) await synthesise(app);
  for (let run = 0; run < runs; run += 1) {
    const names = run % 2 === 0 ? (['empty', 'production'] as const) : (['production', 'empty'] as const);
    for (const name of names) {
      process.stderr.write(`synthesising ${name}, ${run + 1} of ${runs}\n`);
      times[name].push(await synthesise(apps[name]));
    }
  }
  print({ empty: median(times.empty), production: median(times.production) });
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** Starts an app as the CDK's command does, and returns for how many milliseconds it ran. */
async function synthesise(app: { readonly command: string; readonly context: object }): Promise<number> {
  const started = performance.now();
  const { exitCode, stderr } = await runProgram({
    file: '/bin/sh',
    args: ['-c', app.command],
    cwd: packageDirectory,
    env: {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      CDK_OUTDIR: join(directory, 'cdk.out'),
      CDK_CONTEXT_JSON: JSON.stringify({ ...cdk.context, ...app.context }),
    },
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return performance.now() - started;
}

function print({ empty, production }: { readonly empty: number; readonly production: number }): void {
  const ratio = Math.round((production / empty) * 100) / 100;
  const report = {
    ...{ runs, unit: 'ms', empty: rounded(empty), production: rounded(production), ratio, limit },
    met: ratio <= limit,
  };
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : `an empty app              ${report.empty} ms
production.yaml           ${report.production} ms
ratio                     ${ratio} (at most ${limit}: ${report.met ? 'met' : 'NOT MET'}), median of ${runs}\n`,
  );
}
