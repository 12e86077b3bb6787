import { parseArgs } from 'node:util';
import { parseUtf8 } from '../src/core/bytes.ts';
import { exitCodeOf, ToolkitError } from '../src/core/error.ts';
import { requestBody } from '../src/core/http.ts';
import { formatReport } from './load/report.ts';
import { benchSigning, type SigningOptions } from './load/signing-bench.ts';
import type { SigningTarget } from './load/target.ts';

/*
 * npm run bench:signing -- [--json] [--clients 1,16,64,256] [--rounds 5] [--seconds 2] [--works certificate,timestamp]
 *                          --fulcio URL --rekor URL --timestamp URL --token URL
 *
 * Measures signatures per second and the latency of each kind of request, against the bare servers at these URLs and
 * through a gateway before them, in turn. `--token` names where GET returns a fresh ID token. Exits with 0 whatever
 * the numbers are; each requirement is printed with the number that was measured.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    clients: { type: 'string', default: '1,16,64,256' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    works: { type: 'string' },
    fulcio: { type: 'string' },
    rekor: { type: 'string' },
    timestamp: { type: 'string' },
    token: { type: 'string' },
  },
});

try {
  const report = await benchSigning(targetOf(values), optionsOf());
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

function targetOf({ fulcio, rekor, timestamp, token }: typeof values): SigningTarget {
  if (fulcio === undefined || rekor === undefined || timestamp === undefined || token === undefined) {
    throw new ToolkitError('CLI_USAGE', {
      message: 'expected --fulcio, --rekor, --timestamp and --token',
      fault: 'input',
    });
  }
  return {
    bare: { fulcio, rekor, timestamp },
    token: async () => parseUtf8(await requestBody(token, { maxBytes: 65_536 })).trim(),
  };
}
