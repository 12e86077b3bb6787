import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Moment, moments } from '../../src/core/moment.ts';
import { type FaultBench, faultBench, resume, temporaryName } from '../support/fault-bench.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';
import { checkLogs } from '../support/log-oracle.ts';
import { auditInstance, type InstanceLogs } from '../support/logs.ts';
import { emptyRecord } from '../support/signing-load.ts';
import { checkState, untilNothingRuns, type WrittenOnce } from '../support/state-oracle.ts';
import { type ReachedMoment, signalAt, TracedUp } from '../support/traced-up.ts';

const momentTimeoutMs = 120_000;
const walkTimeoutMs = 600_000;

/** Moments that only a stop gets to; `up` is told to stop once it has signed. */
const whenStopping = moments.slice(moments.indexOf('stopping'));
const whenStarting = moments.filter((moment) => !whenStopping.includes(moment));
const beforeSignature = whenStarting.filter((moment) => moment !== 'first-signature');
/** Once an instance is complete, its starts make nothing more. */
const whenMaking = moments.slice(moments.indexOf('key-made'), moments.indexOf('root-of-trust-verified'));
const whenStartingAgain = whenStarting.filter((moment) => !whenMaking.includes(moment));

/** Ends an `up` with a signal at the first moment that `isMoment` picks; one of a stop is brought about. */
async function endAt(signal: NodeJS.Signals, bench: FaultBench, isMoment: (reached: ReachedMoment) => boolean) {
  return await signalAt(
    signal,
    (reached, up) => {
      if (isMoment(reached)) return true;
      if (reached.moment === 'first-signature') up.kill('SIGTERM');
      return false;
    },
    bench.options,
  );
}

/** Fails with what `up` said if it never gets to the moment. */
async function endAtMoment(signal: NodeJS.Signals, bench: FaultBench, moment: Moment) {
  const end = await endAt(signal, bench, (reached) => reached.moment === moment);
  if (end.moment === undefined) throw new Error(`up ended with ${end.code} before ${moment}:\n${end.stderr}`);
  return end;
}

describe('kill -9 of up', () => {
  it.each(beforeSignature)(
    'at %s leaves a state that the next up resumes to a verified signature',
    async (moment) => {
      await using bench = await faultBench();
      const killed = await endAtMoment('SIGKILL', bench, moment);
      expect(killed.signal).toBe('SIGKILL');
      const written = await checkState(bench.state);
      await resume(bench);
      await checkState(bench.state, written);
      expect((await checkLogs(bench.state, emptyRecord())).rekor).toBeGreaterThan(0);
    },
    momentTimeoutMs,
  );

  it(
    'at every moment of later starts and stops keeps every bundle and every log entry from before',
    async () => {
      await using bench = await faultBench();
      const first = new TracedUp(bench.options);
      await first.reached('first-signature');
      await using bundles = await IssuedBundles.of(bench.state);
      await bundles.sign();
      let logs = await auditInstance(bench.state);
      first.kill('SIGTERM');
      expect(await first.ended).toMatchObject({ code: 0 });
      const written = await checkState(bench.state);
      for (const [index, moment] of whenStartingAgain.entries()) {
        const killed = await endAtMoment('SIGKILL', bench, moment);
        expect(killed.signal).toBe('SIGKILL');
        // Every third start comes up, and is killed while it stops.
        if (index % 2 === 0) continue;
        logs = await verifiesAgain(bench, { bundles, logs }, whenStopping[(index >> 1) % whenStopping.length]);
        process.stderr.write(`verified after kills up to ${moment}\n`);
      }
      await verifiesAgain(bench, { bundles, logs });
      await checkState(bench.state, written);
    },
    walkTimeoutMs,
  );

  it(
    'at every key, certificate, file and server, one after the other, resumes one and the same instance',
    async () => {
      await using bench = await faultBench();
      const seen = new Set<string>();
      let written: WrittenOnce = new Map();
      for (;;) {
        const killed = await endAt('SIGKILL', bench, (reached) => isNew(seen, reached));
        written = await checkState(bench.state, written);
        if (killed.moment === undefined) break;
        expect(killed).toMatchObject({ signal: 'SIGKILL' });
      }
      process.stderr.write(`killed at ${seen.size} places: ${[...seen].join(', ')}\n`);
      expect([...new Set([...seen].map((place) => place.split(' ')[0]))].sort()).toEqual(severalOf.toSorted());
      await resume(bench);
    },
    walkTimeoutMs,
  );
});

interface Issued {
  readonly bundles: IssuedBundles;
  readonly logs: InstanceLogs;
}

/**
 * Brings the state up again, checks that all that was issued is as good as ever, and stops it, or kills it at a moment
 * of the stop. Returns the logs, which have grown.
 */
async function verifiesAgain(bench: FaultBench, issued: Issued, killedAt?: Moment): Promise<InstanceLogs> {
  const up = new TracedUp({
    ...bench.options,
    onReached: ({ moment }, self) => {
      if (moment === killedAt) self.kill('SIGKILL');
    },
  });
  await up.reached('first-signature');
  await issued.bundles.verifyAll();
  const { rekor, ct } = await auditInstance(bench.state);
  expect(rekor.slice(0, issued.logs.rekor.length)).toEqual(issued.logs.rekor);
  expect(ct.slice(0, issued.logs.ct.length)).toEqual(issued.logs.ct);
  expect(rekor.length).toBeGreaterThan(issued.logs.rekor.length);
  up.kill('SIGTERM');
  expect(await up.ended).toMatchObject(killedAt === undefined ? { code: 0 } : { signal: 'SIGKILL' });
  return { rekor, ct };
}

/** Moments of which a start or a stop has several. */
const severalOf: readonly Moment[] = [
  'key-made',
  'chain-issued',
  'repository-file-written',
  'server-started',
  'key-handed-over',
  'server-healthy',
  'server-stopped',
];

/** Notes a place where `up` was not killed yet. What is made side by side may be there before the kill lands. */
function isNew(seen: Set<string>, { moment, what }: ReachedMoment): boolean {
  // An interrupted first root is followed by targets of the next version, whose name is then another one.
  const place = `${moment} ${what.replace(/\d+\.(?=[a-z])|[0-9a-f]{64}\./, '')}`;
  if (what === '' || seen.has(place)) return false;
  seen.add(place);
  return true;
}

describe('SIGINT of up', () => {
  it.each(whenStarting)(
    'at %s stops everything and leaves a state that the next up resumes',
    async (moment) => {
      await using bench = await faultBench();
      const interrupted = await endAtMoment('SIGINT', bench, moment);
      expect(interrupted.code).toBe(moment === 'first-signature' ? 0 : 130);
      await untilNothingRuns(bench.directory, 1_000);
      const written = await checkState(bench.state);
      await comesUp(bench);
      await checkState(bench.state, written);
    },
    momentTimeoutMs,
  );

  it.each(whenStopping)(
    'at %s, while up stops already, leaves nothing running',
    async (moment) => {
      await using bench = await faultBench();
      const interrupted = await endAtMoment('SIGINT', bench, moment);
      // At its very end the runtime has given its handlers up, and the signal itself ends it: 130 to any shell as well.
      expect([0, 130]).toContain(interrupted.signal === 'SIGINT' ? 130 : interrupted.code);
      await untilNothingRuns(bench.directory, 5_000);
      const written = await checkState(bench.state);
      await comesUp(bench);
      await checkState(bench.state, written);
    },
    momentTimeoutMs,
  );
});

describe('SIGINT of up --once', () => {
  it.each(['ready-recorded', 'first-signature'] as const)(
    'at %s stops everything and removes its temporary state',
    async (moment) => {
      await using bench = await faultBench();
      const { environment } = bench.options;
      const interrupted = await signalAt('SIGINT', (reached) => reached.moment === moment, {
        environment,
        args: ['--once'],
      });
      expect(interrupted).toMatchObject({ code: 130, moment: { moment } });
      await untilNothingRuns(bench.directory, 1_000);
      expect(await readdir(join(bench.directory, temporaryName))).toEqual([]);
    },
    momentTimeoutMs,
  );
});

/** Brings the state up as far as clients could use it, and interrupts it there. */
async function comesUp(bench: FaultBench): Promise<void> {
  const up = new TracedUp(bench.options);
  await up.reached('ready-recorded');
  up.kill('SIGINT');
  expect(await up.ended).toMatchObject({ code: 130 });
  await untilNothingRuns(bench.directory, 5_000);
}
