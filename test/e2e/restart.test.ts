import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCosign } from '../../local/servers.ts';
import { markerOf, StateDirectory } from '../../local/state.ts';
import type { SigstoreClient } from '../../operate/clients/client.ts';
import { cosignClient, findSigstorePython, sigstoreJsClient } from '../../operate/clients/find-clients.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { type SignedArtifact, Workbench } from '../../operate/proof.ts';
import { remoteSignatory, type Signatory } from '../../operate/signatory.ts';
import { readConfig } from '../../src/config/config.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { findMarked } from '../../src/process/marked-processes.ts';
import { fingerprintOf } from '../support/fingerprint.ts';
import {
  projectDirectory,
  sigsteadJson,
  startTestInstance,
  type TestInstance,
  temporaryDirectory,
  testUser,
} from '../support/instance.ts';
import { auditInstance, type InstanceLogs, promisedLeaves } from '../support/logs.ts';
import { expectRefusal } from '../support/refusals.ts';

describe('an instance that was stopped and started again', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let instance: TestInstance;
  let bench: Workbench;
  let clients: readonly SigstoreClient[];
  let signatory: Signatory;
  let bundles: readonly SignedArtifact[];
  let before: { readonly environment: string; readonly logs: InstanceLogs; readonly files: object };

  const sigstead = (...args: readonly string[]) => sigsteadJson([...args, '--state', state.path]);

  /** Everything about the state directory that clients rely on. */
  const durable = async () => ({ ...(await fingerprintOf(state)), ports: (await readInstanceFacts(state)).ports });

  beforeAll(async () => {
    directory = await temporaryDirectory();
    bench = await Workbench.create();
    state = new StateDirectory(join(directory.path, 'state'));
    instance = await startTestInstance({ state: state.path });
    const config = await readConfig(join(projectDirectory, 'examples', 'minimal.yaml'));
    signatory = remoteSignatory(config, state, await readInstanceFacts(state));
    const cosign = cosignClient(await findCosign({ env: process.env, progress: silentProgress }));
    const python = await findSigstorePython(process.env);
    clients = [cosign, await sigstoreJsClient(), ...(python ? [python] : [])];
    // sigstore-python cannot read the bundle of a log's very first entry: that shall be one of `up`'s own.
    await waitFor(() => /signed by cosign.*\n.*signed by sigstore-js/.test(instance.up.head()), {
      what: 'the signatures that "up" makes itself',
      timeoutMs: 60_000,
    });
    bundles = [await bench.sign(clients[0] ?? cosign, signatory, 'by-cosign')];
    bundles = [...bundles, await bench.sign(await sigstoreJsClient(), signatory, 'by-sigstore-js')];
    before = {
      environment: (await instance.run('env')).stdout,
      logs: await auditInstance(state.path),
      files: await durable(),
    };
  }, 240_000);

  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  it('stops with "down", and says so to "env" and "status"', async () => {
    expect(await sigstead('down')).toMatchObject({ exitCode: 0, document: { result: 'stopped', orphans: 0 } });
    expect(await instance.up.exited).toEqual({ code: 0, signal: null });
    expectRefusal(await sigstead('env'), { exitCode: 5, code: 'OPS_NOT_RUNNING', names: [state.path] });
    expect(await sigstead('status')).toMatchObject({ exitCode: 5, document: { phase: 'down', state: state.path } });
    expect(await findMarked(await markerOf(state, await readInstanceFacts(state)))).toEqual([]);
    expect(await sigstead('down')).toMatchObject({ exitCode: 0, document: { result: 'nothing to stop' } });
  }, 60_000);

  it('is not ready for "env" before it is, and then as it was', async () => {
    const starting = startTestInstance({ state: state.path, testGrant: false });
    const pid = await waitFor(() => readPid(state.runningFile), { what: 'a start', timeoutMs: 30_000 });
    process.kill(pid, 'SIGSTOP');
    try {
      expectRefusal(await sigstead('env'), { exitCode: 5, code: 'OPS_NOT_READY', names: [state.path] });
      expect(await sigstead('status')).toMatchObject({ exitCode: 5, document: { phase: 'starting' } });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    instance = await starting;
    expect((await instance.run('env')).stdout).toBe(before.environment);
    expect(await durable()).toEqual(before.files);
  }, 120_000);

  it('has lost no entry, and every old bundle verifies for clients that start afresh', async () => {
    const after = await auditInstance(state.path);
    expect(after.rekor.slice(0, before.logs.rekor.length)).toEqual(before.logs.rekor);
    expect(after.ct.slice(0, before.logs.ct.length)).toEqual(before.logs.ct);
    await using fresh = await Workbench.create();
    for (const bundle of bundles) {
      for (const { index, leaf } of await promisedLeaves(bundle.bundle)) expect(after.rekor[index]).toBe(leaf);
      for (const client of clients) {
        expect([client.name, await fresh.verify(client, signatory, bundle)]).toEqual([client.name, { accepted: true }]);
      }
    }
  }, 120_000);

  it('goes on signing into the same logs', async () => {
    const grown = await waitFor(
      async () => {
        const logs = await auditInstance(state.path);
        return logs.rekor.length > before.logs.rekor.length && logs.ct.length > before.logs.ct.length && logs;
      },
      { what: 'the signatures that "up" makes itself', timeoutMs: 60_000, intervalMs: 250 },
    );
    expect(new Set(grown.rekor).size).toBe(grown.rekor.length);
  }, 90_000);

  it('is left alone by a copy of its state directory, which cannot start beside it', async () => {
    await using directory = await temporaryDirectory();
    const copy = join(directory.path, 'copy');
    await cp(state.path, copy, { recursive: true, filter: (path) => !path.startsWith(join(state.path, 'data')) });
    const answers = [];
    for (const verb of [['down'], ['up', '--once']]) answers.push(await sigsteadJson([...verb, '--state', copy]));
    expect(answers).toMatchObject([
      { exitCode: 0, document: { result: 'nothing to stop', orphans: 0 } },
      { exitCode: 5, document: { error: { code: 'LOCAL_PORT_IN_USE' } } },
    ]);
    expect(await sigstead('status')).toMatchObject({ exitCode: 0, document: { phase: 'ready' } });
  }, 60_000);

  it('gives no token to scripts unless it was started for that', async () => {
    expectRefusal(await sigstead('login', '--test-user', testUser), {
      exitCode: 3,
      code: 'OPS_TEST_GRANT_CLOSED',
      names: [state.path],
    });
    const { document } = await sigstead('status');
    expect(JSON.stringify(document['warnings'])).not.toContain('grant');
  }, 30_000);

  it('stops cleanly on Ctrl-C', async () => {
    process.kill(instance.up.pid, 'SIGINT');
    expect(await instance.up.exited).toEqual({ code: 0, signal: null });
    expect(await findMarked(await markerOf(state, await readInstanceFacts(state)))).toEqual([]);
  }, 60_000);
});

async function readPid(runningFile: string): Promise<number | undefined> {
  const bytes = await readFile(runningFile).catch(() => undefined);
  const { process: owner } = bytes ? parseJsonObject(bytes, { what: runningFile, maxBytes: 65_536 }) : {};
  return (owner as { pid: number } | undefined)?.pid;
}
