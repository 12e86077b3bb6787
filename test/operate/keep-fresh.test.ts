import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { keepFresh } from '../../operate/keep-fresh.ts';
import { ensureRootOfTrust } from '../../operate/root-of-trust.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { addMs, dayMs, systemClock } from '../../src/core/clock.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { compileTrust } from '../../src/trust/compile.ts';
import { now } from '../src/trust/sample.ts';
import { type LocalState, localState } from '../support/local-state.ts';
import { minimalConfig } from '../support/minimal-config.ts';

let local: LocalState;
let keys: KeyStore;
let warnings: string[];
const talk = { isTerminal: false, say: () => undefined, warn: (line: string) => void warnings.push(line) };

beforeAll(async () => {
  local = await localState();
  keys = new KeyStore(local.state.keys);
  await ensureRootOfTrust({
    policy: await readRootPolicy((await minimalConfig()).rootPolicyFile),
    state: local.state,
    keys,
    trust: compileTrust(local.material, { now }),
    clock: systemClock,
    progress: silentProgress,
    reached: unfollowed,
    talk,
  });
});
beforeEach(() => {
  warnings = [];
});
afterAll(async () => await local[Symbol.asyncDispose]());

describe('keepFresh', () => {
  it('ends when the published repository no longer verifies', async () => {
    const path = join(local.state.repository, 'timestamp.json');
    const honest = await readFile(path, 'utf8');
    await writeFile(path, honest.replace(/"version": ?1/, '"version":2'));
    const { failure } = keepFresh({ state: local.state, keys }, { talk, clock: systemClock, intervalMs: 20 });
    await expect(failure).rejects.toThrowToolkit('TUF_THRESHOLD');
    await writeFile(path, honest);
  });

  it('says what the environment hinders, and tries again', async () => {
    const clock = { now: () => addMs(new Date(), -30 * dayMs) };
    const freshener = keepFresh({ state: local.state, keys }, { talk, clock, intervalMs: 20 });
    await waitFor(() => warnings.length >= 2, { what: 'two warnings', timeoutMs: 5_000 });
    freshener.stop();
    expect(warnings[0]).toMatch(/could not be signed again: timestamp v1/);
  });

  it('ends when somebody has changed the policy', async () => {
    const path = join(local.state.rootSigning, 'policy.yaml');
    const honest = await readFile(path, 'utf8');
    await writeFile(path, `${honest}# more\n`);
    const { failure } = keepFresh({ state: local.state, keys }, { talk, clock: systemClock, intervalMs: 20 });
    await expect(failure).rejects.toThrowToolkit('OPS_POLICY_CHANGED');
    await writeFile(path, honest);
  });
});
