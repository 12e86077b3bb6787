import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeOf, type StateDirectory } from '../local/state.ts';
import { ToolkitError } from '../src/core/error.ts';
import { makePrivateDirectory, privateFileMode, readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { isJsonObject, parseJson } from '../src/core/json.ts';
import { type Lock, tryLock } from '../src/core/lock.ts';
import { shellWord } from '../src/core/shell.ts';
import { waitFor } from '../src/core/wait.ts';
import { sigstoreClientId } from '../src/identity/fulcio-config.ts';
import { identityOf, isSameProcess, type ProcessIdentity } from '../src/process/process-identity.ts';

/** What the running `up` says of itself to the other commands. */
export interface RunRecord {
  readonly process: ProcessIdentity;
  /** Of the state directory (`placeOf`): a copy of the record speaks of another one. */
  readonly place: string;
  readonly phase: 'starting' | 'ready';
  /** A grant for tests is open: anybody with the secret file can be anybody. */
  readonly testGrant: boolean;
  /** The audience of the local provider's tokens. */
  readonly clientId: string;
}

/** `down` takes the lock for an instant to see that it is free, so one failed try is not yet an answer. */
const lockTries = { count: 20, pauseMs: 50 };

/**
 * Takes the state directory for this process. It is ours until the process ends, in whatever way.
 * @throws LOCAL_STATE_BUSY if another `up` has it
 */
export async function takeState(state: StateDirectory): Promise<Lock> {
  await makePrivateDirectory(state.path);
  for (let tried = 0; tried < lockTries.count; tried += 1) {
    const lock = tryLock(state.lockFile);
    const running = await findRunning(state);
    if (lock && (running === undefined || running.process.pid === process.pid)) return lock;
    // The file that is locked can be deleted (a cleaner of /tmp); the process that holds it lives on all the same.
    lock?.release();
    await sleep(lockTries.pauseMs);
  }
  const record = await readRecord(state);
  const directory = shellWord(state.path);
  const owner = record ? `process ${record.process.pid}` : 'another process';
  throw new ToolkitError('LOCAL_STATE_BUSY', {
    message: `${state.path}: an instance is already up here (${owner})`,
    fault: 'environment',
    data: { state: state.path, pid: record?.process.pid ?? null },
    hint: `stop it with: sigstead down --state ${directory}, or choose another directory with --state`,
  });
}

export async function writeRecord(state: StateDirectory, record: Omit<RunRecord, 'process' | 'place'>): Promise<void> {
  const document = { process: await identityOf(process.pid), place: await placeOf(state), ...record };
  await replaceFile(state.runningFile, `${JSON.stringify(document)}\n`, { mode: privateFileMode });
}

export async function removeRecord(state: StateDirectory): Promise<void> {
  await rm(state.runningFile, { force: true });
}

/** Returns the record of the `up` that runs on this state directory now, or `undefined` if none does. */
export async function findRunning(state: StateDirectory): Promise<RunRecord | undefined> {
  const record = await readRecord(state);
  if (!record || record.place !== (await placeOf(state))) return undefined;
  return (await isSameProcess(record.process)) ? record : undefined;
}

/**
 * Returns the record of an instance that is ready. `up` is the command that would start one fit for the caller.
 * @throws OPS_NOT_RUNNING, OPS_NOT_READY
 */
export async function assertReady(state: StateDirectory, up = 'up'): Promise<RunRecord> {
  const record = await findRunning(state);
  if (record?.phase === 'ready') return record;
  const directory = shellWord(state.path);
  throw new ToolkitError(record ? 'OPS_NOT_READY' : 'OPS_NOT_RUNNING', {
    message: record ? `${state.path}: the instance is still starting` : `${state.path}: no instance is up here`,
    fault: 'environment',
    data: { state: state.path },
    hint: record
      ? `wait for it: sigstead status --state ${directory}`
      : `start it with: sigstead ${up} --state ${directory}`,
  });
}

/** Returns once the lock of the state directory is free and taken by us. */
export async function waitForState(state: StateDirectory, timeoutMs: number, signal?: AbortSignal): Promise<Lock> {
  const what = `the instance in ${state.path} to stop`;
  return await waitFor(() => tryLock(state.lockFile), { what, timeoutMs, ...(signal && { signal }) });
}

async function readRecord(state: StateDirectory): Promise<RunRecord | undefined> {
  const bytes = await readFileIfPresent(state.runningFile, 65_536);
  const document = bytes && parseJson(bytes, { what: state.runningFile, maxBytes: 65_536 });
  if (!isJsonObject(document)) return undefined;
  const { process: owner, place, phase, testGrant, clientId } = document;
  if (!isJsonObject(owner) || typeof owner['pid'] !== 'number' || typeof owner['startedAt'] !== 'string')
    return undefined;
  return {
    process: { pid: owner['pid'], startedAt: owner['startedAt'] },
    place: typeof place === 'string' ? place : '',
    phase: phase === 'ready' ? 'ready' : 'starting',
    testGrant: testGrant === true,
    clientId: typeof clientId === 'string' ? clientId : sigstoreClientId,
  };
}
