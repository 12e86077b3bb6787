import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { placeOf, StateDirectory } from '../../local/state.ts';
import { assertReady, findRunning, removeRecord, takeState, waitForState } from '../../operate/run-record.ts';
import { identityOf, type ProcessIdentity } from '../../src/process/process-identity.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { type LocalState, localState, recordUp } from '../support/local-state.ts';

let local: LocalState;
let state: StateDirectory;
beforeEach(async () => {
  local = await localState();
  state = local.state;
});
afterEach(async () => await local[Symbol.asyncDispose]());

/** A process that has ended. */
async function deadProcess(): Promise<ProcessIdentity> {
  const child = await startProgram({
    name: 'short',
    file: '/bin/sleep',
    args: ['60'],
    env: {},
    cwd: '/',
    logFile: `${state.path}.log`,
  });
  const identity = await identityOf(child.pid);
  await child.stop(0);
  return identity;
}

const record = async (process: unknown, rest = {}) =>
  JSON.stringify({ process, place: await placeOf(state), phase: 'ready', testGrant: true, ...rest });

describe('findRunning', () => {
  it('returns the record of a process that lives, in a file that others cannot read', async () => {
    await recordUp(state, { phase: 'starting', testGrant: true, clientId: 'sigstore' });
    expect(await findRunning(state)).toMatchObject({
      process: { pid: process.pid },
      phase: 'starting',
      testGrant: true,
    });
    expect((await stat(state.runningFile)).mode & 0o777).toBe(0o600);
  });

  it('returns nothing where there is no record, or none any more', async () => {
    expect(await findRunning(state)).toBeUndefined();
    await recordUp(state, { clientId: 'sigstore' });
    await removeRecord(state);
    await removeRecord(state);
    expect(await findRunning(state)).toBeUndefined();
  });

  it('returns nothing where the record speaks of the directory that this one is a copy of', async () => {
    await recordUp(state, { clientId: 'sigstore' });
    const copy = new StateDirectory(`${state.path}-copy`);
    await cp(state.path, copy.path, { recursive: true });
    expect(await findRunning(copy)).toBeUndefined();
    expect(await findRunning(state)).toBeDefined();
  });

  it('returns nothing where the process has been killed', async () => {
    await writeFile(state.runningFile, await record(await deadProcess()));
    expect(await findRunning(state)).toBeUndefined();
  });

  it('returns nothing where another process has got the number since', async () => {
    const { pid, startedAt } = await identityOf(process.pid);
    await writeFile(state.runningFile, await record({ pid, startedAt: `${startedAt}0` }));
    expect(await findRunning(state)).toBeUndefined();
  });

  it.each(['null', '[]', '{}', '{"process":{}}', '{"process":{"pid":"1","startedAt":"x"}}', '{"process":{"pid":1}}'])(
    'takes %s for no record',
    async (text) => {
      await writeFile(state.runningFile, text);
      expect(await findRunning(state)).toBeUndefined();
    },
  );

  it('takes an unknown phase for starting, and a grant for closed unless it is open', async () => {
    const own = await identityOf(process.pid);
    await writeFile(state.runningFile, await record(own, { phase: 'dancing', testGrant: 'yes' }));
    expect(await findRunning(state)).toMatchObject({ phase: 'starting', testGrant: false, clientId: 'sigstore' });
  });
});

describe('assertReady', () => {
  it('accepts an instance that is ready', async () => {
    await recordUp(state, { clientId: 'sigstore' });
    expect(await assertReady(state)).toMatchObject({ phase: 'ready' });
  });

  it('refuses one that is starting, and one that is not there', async () => {
    await expect(assertReady(state)).rejects.toThrowToolkit('OPS_NOT_RUNNING', { state: state.path });
    await recordUp(state, { phase: 'starting', clientId: 'sigstore' });
    await expect(assertReady(state)).rejects.toThrowToolkit('OPS_NOT_READY', { state: state.path });
  });

  it('names the command that would start one fit for the caller', async () => {
    const hint = `start it with: sigstead up --test-grant --state ${state.path}`;
    await expect(assertReady(state, 'up --test-grant')).rejects.toThrow(expect.objectContaining({ hint }));
  });
});

describe('takeState', () => {
  it('refuses a state directory that another has, and says who', async () => {
    const lock = await takeState(state);
    await recordUp(state, { clientId: 'sigstore' });
    await expect(takeState(state)).rejects.toThrowToolkit('LOCAL_STATE_BUSY', { pid: process.pid });
    lock.release();
    (await takeState(state)).release();
  });

  it('refuses one whose lock file was deleted under the process that holds it', async () => {
    await writeFile(state.runningFile, await record(await identityOf(process.ppid)));
    await expect(takeState(state)).rejects.toThrowToolkit('LOCAL_STATE_BUSY', { pid: process.ppid });
  });

  it('waits a moment for one who only looks', async () => {
    const lock = await takeState(state);
    const taking = takeState(state);
    lock.release();
    (await taking).release();
  });
});

describe('waitForState', () => {
  it('returns the lock once it is free', async () => {
    const lock = await takeState(state);
    await expect(waitForState(state, 30)).rejects.toThrowToolkit('CORE_TIMEOUT');
    lock.release();
    (await waitForState(state, 1_000)).release();
    expect(await readFile(state.lockFile)).toHaveLength(0);
  });

  it('gives up when it is interrupted', async () => {
    const lock = await takeState(state);
    const interrupt = new AbortController();
    const waiting = waitForState(state, 60_000, interrupt.signal);
    interrupt.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
    lock.release();
  });
});
