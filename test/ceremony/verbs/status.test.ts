import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ceremonyStatusCommand } from '../../../operate/ceremony-status.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { runCommand } from '../../support/invocation.ts';
import { seededSigner } from '../../support/root-of-trust.ts';

describe('ceremony status --dir', () => {
  let bench: CeremonyBench;
  beforeAll(async () => {
    bench = await CeremonyBench.published();
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  const status = async (days = 0) => {
    const at = new Date(bench.now.getTime() + days * 86_400_000);
    return (await runCommand(ceremonyStatusCommand, ['--dir', bench.layout.directory], { clock: { now: () => at } }))
      .outcome;
  };

  it('ends with 0 where nothing is to be done', async () => {
    expect(await status()).toMatchObject({ exitCode: 0, json: { events: [] } });
  });

  it('says what is planned and not frozen, and makes a calendar', async () => {
    await bench.plan('renewal', 'kind: renew\nreason: time\n');
    expect((await status())?.text).toContain('renewal: planned, not frozen');
    const words = ['--dir', bench.layout.directory, '--ics'];
    const { outcome } = await runCommand(ceremonyStatusCommand, words, { clock: { now: () => bench.now } });
    expect(outcome?.text).toMatch(/^BEGIN:VCALENDAR/);
  });

  it('ends with 10 while an event waits for signatures, and names who is missing', async () => {
    await bench.freeze('renewal');
    await bench.sign('renewal', ['alice', 'bob'].map(seededSigner));
    expect(await status()).toMatchObject({ exitCode: 10, json: { events: [{ event: 'renewal', complete: false }] } });
    expect((await status())?.text).toMatch(
      /root v2 {2}by root of root v1: 2 of 3; 1 more of carol \([0-9a-f]{8}\), dave/,
    );
    await bench.sign('renewal', [seededSigner('carol')]);
    expect(await status()).toMatchObject({ exitCode: 0, json: { events: [{ complete: true }] } });
  });

  it.each([
    [22, 0],
    [61, 20],
    [80, 30],
    [91, 40],
  ])('after %i days ends with %i, and says that the plan is too old', async (days, exitCode) => {
    expect(await status(days)).toMatchObject({ exitCode, json: { events: [], waiting: [{ event: 'renewal' }] } });
  });

  it('says which event was overtaken by another', async () => {
    await bench.run('sooner', 'kind: renew\nreason: sooner\n');
    const outcome = await status();
    expect(outcome).toMatchObject({ exitCode: 0, json: { events: [], waiting: [{ event: 'renewal' }] } });
    expect(outcome?.text).toContain('it builds on root v1, and v2 is in force');
  });
});
