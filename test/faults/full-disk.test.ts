import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isJsonObject, parseJsonObject } from '../../src/core/json.ts';
import { type FaultBench, faultBench, resume } from '../support/fault-bench.ts';
import { runSigstead } from '../support/instance.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';
import { checkLogs } from '../support/log-oracle.ts';
import { emptyRecord, SigningLoad } from '../support/signing-load.ts';
import { canMount, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { checkState, untilNothingRuns, type WrittenOnce } from '../support/state-oracle.ts';
import { type ReachedMoment, signalAt, TracedUp } from '../support/traced-up.ts';

const mountable = canMount();
const describeDisk = mountable ? describe : describe.skip;
const why = mountable ? '' : ' (skipped: this user may not mount a file system)';
const timeoutMs = 300_000;
const enoughKilobytes = 64 << 10;

interface DiskBench extends FaultBench {
  readonly disk: SmallDisk;
}

/** Everything of the instance lies on the small disk, and nothing else does. */
async function diskBench(kilobytes: number, maxFiles?: number): Promise<DiskBench> {
  const bench = await faultBench(join('disk', 'state'));
  const disk = smallDisk(join(bench.directory, 'disk'), kilobytes, maxFiles);
  return {
    ...bench,
    disk,
    [Symbol.asyncDispose]: async () => {
      await bench.stopLeftovers();
      await disk[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}

/** What a full disk may end an `up` with: our own word for it, or that of a server that died of it. */
const ownCodes = ['CORE_FILE_WRITE', 'CORE_LOCK', 'STORE_UNWRITABLE', 'PROC_LOG', 'PROC_FIFO'];

/** Fails, rather than waits, if the instance comes up after all. */
async function expectClearError({ options, state }: FaultBench): Promise<void> {
  const isUp = ({ moment }: ReachedMoment) => moment === 'first-signature';
  const end = await signalAt('SIGTERM', isUp, { ...options, args: ['--json'] });
  expect(end).toMatchObject({ code: 5, moment: undefined });
  const { error } = parseJsonObject(Buffer.from(end.stdout), { what: 'stdout', maxBytes: 1 << 20 });
  if (!isJsonObject(error)) throw new Error(`expected an error, got ${end.stdout}`);
  const { code, message, hint } = error;
  expect([...ownCodes, 'LOCAL_SERVER_DIED', 'LOCAL_SERVER_UNHEALTHY']).toContain(code);
  expect(String(hint)).toContain('free some space');
  if (ownCodes.includes(String(code))) expect(message).toContain(state);
}

describeDisk(`a disk that is too small for a first start${why}`, () => {
  it.each([
    ['bytes', [8, 40, 100, 200, 300].map((kilobytes) => ({ kilobytes, files: 10_000 }))],
    ['files', [8, 12, 20, 30, 45, 60, 75].map((files) => ({ kilobytes: enoughKilobytes, files }))],
  ])(
    'ends up with a clear error and nothing half-written, and is resumed once it has room (%s)',
    async (_, sizes) => {
      await using bench = await diskBench(8, 8);
      let written: WrittenOnce = new Map();
      for (const { kilobytes, files } of sizes) {
        bench.disk.resize(kilobytes, files);
        await expectClearError(bench);
        await untilNothingRuns(bench.directory, 1_000);
        written = await checkState(bench.state, written);
      }
      bench.disk.resize(enoughKilobytes);
      await resume(bench);
      await checkState(bench.state, written);
    },
    timeoutMs,
  );
});

describeDisk(`a disk that fills up${why}`, () => {
  it(
    'makes the logs refuse, or ends up; what was acknowledged before is there when it has room again',
    async () => {
      await using bench = await diskBench(16 << 10);
      const up = new TracedUp(bench.options);
      await up.reached('first-signature');
      await using bundles = await IssuedBundles.of(bench.state);
      await bundles.sign();
      const record = emptyRecord();
      const load = await SigningLoad.start({ state: bench.state, token: await bundles.token(), record });
      await load.acknowledges(50);
      await bench.disk.fill();
      // A log that had begun to add entries lets its clients wait for them; the others are told at once.
      await Promise.race([load.isRefused(150), up.ended]);
      await bench.disk.free();
      const went = await Promise.race([load.acknowledges(50).then(() => 'on'), up.ended.then(() => 'down')]);
      up.kill('SIGTERM');
      await Promise.all([up.ended, load.stop()]);
      process.stderr.write(`full disk: the instance went ${went}; ${record.entries.length} entries acknowledged\n`);
      await checkAcknowledged(bench, bundles, record);
    },
    timeoutMs,
  );

  it(
    'under its own logs ends up with a clear error, also at the next start, until it has room again',
    async () => {
      await using bench = await diskBench(1_500);
      const up = new TracedUp(bench.options);
      await up.reached('first-signature');
      await using bundles = await IssuedBundles.of(bench.state);
      await bundles.sign();
      const record = emptyRecord();
      const load = await SigningLoad.start({ state: bench.state, token: await bundles.token(), record });
      await Promise.race([load.isRefused(500), up.ended]);
      up.kill('SIGTERM');
      const [{ code }] = await Promise.all([up.ended, load.stop()]);
      process.stderr.write(`full disk: up ended with ${code}; ${record.entries.length} entries acknowledged\n`);
      await untilNothingRuns(bench.directory, 1_000);
      await bench.disk.fill();
      await expectClearError(bench);
      const down = await runSigstead(['down', '--state', bench.state]);
      expect(down).toMatchObject({ exitCode: 0 });
      await bench.disk.free();
      bench.disk.resize(enoughKilobytes);
      await checkAcknowledged(bench, bundles, record);
    },
    timeoutMs,
  );
});

async function checkAcknowledged(bench: FaultBench, bundles: IssuedBundles, record: ReturnType<typeof emptyRecord>) {
  const up = new TracedUp(bench.options);
  await up.reached('first-signature');
  expect(record.entries.length).toBeGreaterThan(0);
  await checkLogs(bench.state, record);
  await bundles.verifyAll();
  up.kill('SIGTERM');
  expect(await up.ended).toMatchObject({ code: 0 });
  await untilNothingRuns(bench.directory, 5_000);
}
