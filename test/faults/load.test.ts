import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type FaultBench, faultBench } from '../support/fault-bench.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';
import { checkLogs } from '../support/log-oracle.ts';
import { seededRandom } from '../support/random.ts';
import { emptyRecord, type LoadRecord, SigningLoad } from '../support/signing-load.ts';
import { untilNothingRuns } from '../support/state-oracle.ts';
import { TracedUp } from '../support/traced-up.ts';

/** What is killed in each round. */
const rounds = ['up', 'rekor-log2026-1', 'ct-ct2026-1', 'up', 'rekor-log2026-1', 'up'] as const;
/** The kill comes up to so long after the first answers: several checkpoints later. */
const maxDelayMs = 5_000;

describe('kill -9 at a random time under load', () => {
  it('loses no entry that was acknowledged, and no bundle that was issued', async () => {
    const random = seededRandom();
    const record = emptyRecord();
    await using bench = await faultBench();
    let bundles: IssuedBundles | undefined;
    try {
      for (const target of rounds) {
        const up = new TracedUp(bench.options);
        await up.reached('first-signature');
        bundles ??= await IssuedBundles.of(bench.state);
        await checkRound(bench, bundles, record);
        await bundles.sign();
        await killUnderLoad(bench, up, { target, token: await bundles.token(), record, delay: random.next() });
        say(`seed ${random.seed}: killed ${target}: ${summary(record)}`);
      }
      const up = new TracedUp(bench.options);
      await up.reached('first-signature');
      if (bundles) await checkRound(bench, bundles, record);
      up.kill('SIGTERM');
      expect(await up.ended).toMatchObject({ code: 0 });
      await untilNothingRuns(bench.directory, 5_000);
      expect(record.entries.length).toBeGreaterThan(500);
      expect(record.certificates.length).toBeGreaterThan(10);
    } finally {
      await bundles?.[Symbol.asyncDispose]();
    }
  }, 600_000);
});

interface Kill {
  readonly target: (typeof rounds)[number];
  readonly token: string;
  readonly record: LoadRecord;
  /** When, between 0 and 1. */
  readonly delay: number;
}

async function killUnderLoad(bench: FaultBench, up: TracedUp, { target, token, record, delay }: Kill): Promise<void> {
  const server = (await bench.servers()).get(target);
  const load = await SigningLoad.start({ state: bench.state, token, record });
  await load.acknowledges(50);
  await sleep(delay * maxDelayMs);
  if (target === 'up') up.kill('SIGKILL');
  else if (server !== undefined) process.kill(server, 'SIGKILL');
  const [end] = await Promise.all([up.ended, load.stop()]);
  if (target === 'up') expect(end.signal).toBe('SIGKILL');
  else expect(end).toMatchObject({ code: 5, stderr: expect.stringContaining(`${target}: ended with SIGKILL`) });
}

async function checkRound(bench: FaultBench, bundles: IssuedBundles, record: LoadRecord): Promise<void> {
  const sizes = await checkLogs(bench.state, record);
  await bundles.verifyAll();
  say(`checked: ${sizes.rekor} entries in Rekor, ${sizes.ct} in the CT log, ${bundles.count} bundles`);
}

function summary({ entries, certificates, unanswered, refused }: LoadRecord): string {
  const acknowledged = `${entries.length} entries and ${certificates.length} certificates acknowledged`;
  return `${acknowledged}, ${unanswered} requests unanswered, ${refused} refused`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
