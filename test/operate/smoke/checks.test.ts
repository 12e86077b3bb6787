import { describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../../local/state.ts';
import type { SigstoreClient } from '../../../operate/clients/client.ts';
import { Workbench } from '../../../operate/proof.ts';
import { accepts } from '../../../operate/smoke/check.ts';
import { runChecks } from '../../../operate/smoke/checks.ts';
import type { SmokeRun } from '../../../operate/smoke/smoke-run.ts';
import { eachTimestampAuthority } from '../../../operate/smoke/timestamp-authorities.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { unfollowed } from '../../../src/core/moment.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { scriptedAsk } from '../../support/invocation.ts';
import { localState } from '../../support/local-state.ts';
import { minimalConfig } from '../../support/minimal-config.ts';

const client: SigstoreClient = {
  name: 'sigstore-js',
  version: '5.0.0',
  initialize: async () => ({ accepted: true }),
  sign: async () => undefined,
  verify: async () => ({ accepted: true }),
};

async function smokeRun(bench: Workbench, change: Partial<SmokeRun> = {}): Promise<SmokeRun> {
  return {
    clients: [client],
    signer: client,
    bench,
    here: {
      anchor: { tufUrl: 'http://127.0.0.1:1', rootFile: '/root.json' },
      expected: { identity: 'dev@example.com', issuer: 'http://127.0.0.1:2' },
      token: async () => 'token',
    },
    state: new StateDirectory('/nowhere'),
    config: await minimalConfig(),
    environment: {},
    talk: { isTerminal: false, say: () => undefined, warn: () => undefined },
    version: '0.0.0',
    ask: scriptedAsk([]),
    progress: silentProgress,
    signal: new AbortController().signal,
    clock: systemClock,
    reached: unfollowed,
    ...change,
  };
}

const check = (name: string) => accepts(name, client, { accepted: true });

describe('runChecks', () => {
  it('returns what every group saw, in order', async () => {
    await using bench = await Workbench.create();
    const groups = { one: async () => [check('a'), check('b')], two: async () => [check('c')] };
    const checks = await runChecks(await smokeRun(bench), groups);
    expect(checks.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('refuses a group that checked nothing, and names it', async () => {
    await using bench = await Workbench.create();
    const refused = runChecks(await smokeRun(bench), { one: async () => [check('a')], two: async () => [] });
    await expect(refused).rejects.toThrowToolkit('OPS_SMOKE_FAILED');
    await expect(refused).rejects.toThrow('two: expected at least one check, got none');
  });

  it('says that it was interrupted, not what failed because of that', async () => {
    await using bench = await Workbench.create();
    const interrupt = new AbortController();
    const failing = async () => {
      interrupt.abort(new Error('interrupted'));
      throw new Error('no answer');
    };
    const run = await smokeRun(bench, { signal: interrupt.signal });
    await expect(runChecks(run, { failing })).rejects.toThrow('interrupted');
  });

  it.each(['one', 'two'])('ends when it is interrupted during group %s, even if that group passed', async (last) => {
    await using bench = await Workbench.create();
    const interrupt = new AbortController();
    const ran: string[] = [];
    const group = (name: string) => async () => {
      ran.push(name);
      if (name === last) interrupt.abort(new Error('interrupted'));
      return [check(name)];
    };
    const run = await smokeRun(bench, { signal: interrupt.signal });
    await expect(runChecks(run, { one: group('one'), two: group('two') })).rejects.toThrow('interrupted');
    expect(ran.at(-1)).toBe(last);
  });
});

describe('eachTimestampAuthority', () => {
  it('checks each authority that the instance publishes with each client', async () => {
    await using bench = await Workbench.create();
    await using local = await localState();
    const checks = await eachTimestampAuthority(await smokeRun(bench, { state: local.state }));
    expect(checks.map(({ name }) => name)).toEqual(local.material.timestamps.map(({ name }) => `timestamp of ${name}`));
  });

  it('refuses an instance whose published material is missing, and names the file', async () => {
    await using bench = await Workbench.create();
    const refused = eachTimestampAuthority(await smokeRun(bench));
    await expect(refused).rejects.toThrowToolkit('CORE_FILE_MISSING');
    await expect(refused).rejects.toThrow('/nowhere/trust-material.json');
  });
});
