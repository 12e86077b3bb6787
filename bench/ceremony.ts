import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measurePlan, measureSign, measureVerify } from './ceremony/measure.ts';
import { measureRehearsal } from './ceremony/rehearsal.ts';
import { ceremonyReport, formatCeremonyReport } from './ceremony/report.ts';

/*
 * npm run bench:ceremony -- [--json] [--runs 10]
 *
 * Measures what people at a ceremony wait for, each piece of work in a process of its own, after its start-up: verifying
 * the public instance's repository (beside tuf-js, which goes first every other time), planning, a signature by SoftHSM;
 * and how long the events of a whole rehearsal take. Exits with 0 whatever the numbers are; each requirement is printed
 * with the number that was measured.
 */
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '10' } },
});
const runs = Number(values.runs);
const say = (line: string) => process.stderr.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), 'sigstead-bench-'));
try {
  const options = { directory, runs, say };
  const rehearsal = await measureRehearsal(options);
  const works = [...(await measureVerify(options)), ...(await measurePlan(options)), ...(await measureSign(options))];
  const report = ceremonyReport({ runs, works, rehearsal });
  process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatCeremonyReport(report));
} finally {
  await rm(directory, { recursive: true, force: true });
}
