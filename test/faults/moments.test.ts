import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Moment, moments } from '../../src/core/moment.ts';
import { type FaultBench, faultBench, resume, temporaryName } from '../support/fault-bench.ts';
import { checkLogs } from '../support/log-oracle.ts';
import { emptyRecord } from '../support/signing-load.ts';
import { checkState, untilNothingRuns, type WrittenOnce } from '../support/state-oracle.ts';
import { type ReachedMoment, signalAt, TracedUp } from '../support/traced-up.ts';

const momentTimeoutMs = 120_000;
const walkTimeoutMs = 600_000;
/** From Ctrl-C to the prompt, on a busy machine. */
const maxStopMs = 15_000;

/** Moments that only a stop gets to; `up` is told to stop once it has signed. */
const whenStopping: ReadonlySet<Moment> = new Set(moments.slice(moments.indexOf('stopping')));

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

describe('kill -9 of up', () => {
  it.each(moments)(
    'at %s leaves a state that the next up resumes to a verified signature',
    async (moment) => {
      await using bench = await faultBench();
      const killed = await endAt('SIGKILL', bench, (reached) => reached.moment === moment);
      expect(killed).toMatchObject({ signal: 'SIGKILL', moment: { moment } });
      const written = await checkState(bench.state);
      await resume(bench);
      await checkState(bench.state, written);
      // The first signature was acknowledged before the kill, if it was made; the resumed start adds its own.
      const acknowledged = moments.indexOf(moment) < moments.indexOf('first-signature') ? 0 : 1;
      expect((await checkLogs(bench.state, emptyRecord())).rekor).toBeGreaterThan(acknowledged);
    },
    momentTimeoutMs,
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
  it.each(moments.filter((moment) => !whenStopping.has(moment)))(
    'at %s stops everything and leaves a state that the next up resumes',
    async (moment) => {
      await using bench = await faultBench();
      const interrupted = await endAt('SIGINT', bench, (reached) => reached.moment === moment);
      expect(interrupted).toMatchObject({ code: moment === 'first-signature' ? 0 : 130, moment: { moment } });
      expect(interrupted.lateMs).toBeLessThan(maxStopMs);
      await untilNothingRuns(bench.directory, 1_000);
      const written = await checkState(bench.state);
      await comesUp(bench);
      await checkState(bench.state, written);
    },
    momentTimeoutMs,
  );

  it.each(moments.filter((moment) => whenStopping.has(moment)))(
    'at %s, while up stops already, leaves nothing running',
    async (moment) => {
      await using bench = await faultBench();
      const interrupted = await endAt('SIGINT', bench, (reached) => reached.moment === moment);
      expect(interrupted.moment).toMatchObject({ moment });
      expect([0, 130]).toContain(interrupted.code);
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
      expect(interrupted.lateMs).toBeLessThan(maxStopMs);
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
