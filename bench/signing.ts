import { parseArgs } from 'node:util';
import { exitCodeOf } from '../src/core/error.ts';
import { startBenchInstance } from './load/instance.ts';
import { formatReport } from './load/report.ts';
import { benchSigning, type SigningOptions } from './load/signing-bench.ts';

/*
 * npm run bench:signing -- [--json] [--clients 1,16,64,256] [--rounds 5] [--seconds 2] [--works certificate,timestamp]
 *
 * Brings an instance up and measures signatures per second and the latency of each kind of request, against its bare
 * servers and through a gateway before them, in turn. Exits with 0 whatever the numbers are; each requirement is
 * printed with the number that was measured.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    clients: { type: 'string', default: '1,16,64,256' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    works: { type: 'string' },
  },
});

try {
  await using instance = await startBenchInstance();
  const report = await benchSigning(instance.target, optionsOf());
  const text = formatReport([...report.unloaded, ...report.loaded], report.requirements);
  process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : text);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  process.stderr.write(`bench:signing: error: ${error instanceof Error ? error.message : String(error)}\n`);
}

function optionsOf(): SigningOptions {
  return {
    clients: values.clients.split(',').map(Number),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    ...(values.works !== undefined && { works: values.works.split(',') }),
    say: (line) => process.stderr.write(`${line}\n`),
  };
}
