import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { type LiveOptions, readLiveIdentities, readStoredIdentities } from '../../local/live-identities.ts';
import type { ServerProcess } from '../../local/server-process.ts';
import { StateDirectory } from '../../local/state.ts';
import { addMs } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { RunningProgram } from '../../src/process/supervised-program.ts';
import type { ServiceRole, ServiceSpec } from '../../src/services/service.ts';
import { ctEntry } from '../src/tlog/ct-entries.ts';
import { ctLog, ed25519Key, entryBodies, p256Key, rekorLog } from '../src/tlog/memory-log.ts';
import { sampleMaterial } from '../src/trust/sample.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';
import { sampleSpecs } from '../support/specs.ts';

/** When every checkpoint of the CT log in memory was signed. */
const signedAt = new Date('2026-11-22T10:00:00.123Z');

const sample = await sampleMaterial();
const rekorOrigin = 'log2026-1.acme.example';
const ctOrigin = 'ct2026-1.acme.example';
const rekorKey = createPublicKey(ed25519Key(rekorOrigin));
const ctKey = createPublicKey(p256Key(ctOrigin));
const material = {
  ...sample,
  rekor: sample.rekor.map((log) => ({ ...log, publicKey: rekorKey })),
  ct: sample.ct.map((log) => ({ ...log, publicKey: ctKey })),
};
const specs = await sampleSpecs('posix', material);

let state: StateDirectory;
let server: LoopbackServer;
beforeEach(async () => {
  state = new StateDirectory(await mkdtemp(join(tmpdir(), 'sigstead-test-')));
  server = await startLoopbackServer();
});
afterEach(async () => {
  await server.close();
  await rm(state.path, { recursive: true, force: true });
});

describe('readLiveIdentities', () => {
  it('returns the chain that Fulcio serves', async () => {
    const chain = material.fulcio[0]?.chain;
    server.handler = (request, response) =>
      void response.end(JSON.stringify({ chains: [{ certificates: [request.url && chain?.pem] }] }));
    expect(await read('fulcio')).toEqual([{ service: 'fulcio', name: 'fulcio', chain }]);
  });

  it.each(['{}', '{"chains":[]}', '{"chains":[{}]}', '{"chains":"x"}'])(
    'refuses a Fulcio that serves %s',
    async (body) => {
      server.handler = (_, response) => void response.end(body);
      await expect(read('fulcio')).rejects.toThrowToolkit('LOCAL_LIVE_KEY', { service: 'fulcio' });
    },
  );

  it('returns the chain that a timestamp authority serves', async () => {
    const chain = material.timestamps[0]?.chain;
    server.handler = (_, response) => void response.end(chain?.pem);
    expect(await read('tsa')).toEqual([{ service: 'tsa', name: 'tsa-1', chain }]);
  });

  it('refuses one that serves something else', async () => {
    server.handler = (_, response) => void response.writeHead(404).end();
    await expect(read('tsa')).rejects.toThrowToolkit('CORE_HTTP_STATUS');
  });

  it('returns the key that Rekor says it loaded, and that signed its checkpoint', async () => {
    await writeCheckpoint('rekor-log2026-1', rekorLog(entryBodies(3)).publish(3));
    expect(await read('rekor', { head: rekorSays(rekorKey) })).toEqual([
      { service: 'rekor', name: 'log2026-1', publicKey: rekorKey },
    ]);
  });

  it('leaves it to the gate to refuse another key that Rekor loaded, whoever signed before', async () => {
    const other = createPublicKey(ed25519Key('other'));
    expect(await read('rekor', { head: rekorSays(other) })).toEqual([
      { service: 'rekor', name: 'log2026-1', publicKey: other },
    ]);
  });

  it.each([
    ['a Rekor that does not say which key it loaded', ''],
    ['a Rekor whose checkpoint another key signed', rekorSays(rekorKey)],
  ])('refuses %s', async (_, head) => {
    await writeCheckpoint('rekor-log2026-1', rekorLog(entryBodies(3), 'other.acme.example').publish(3));
    await expect(read('rekor', { head })).rejects.toThrowToolkit('LOCAL_LIVE_KEY', { service: 'rekor-log2026-1' });
  });

  it('returns the key of a CT log that has signed since its start', async () => {
    await writeCheckpoint('ct-ct2026-1', ctLog([ctEntry(1)]).publish(1));
    expect(await read('ct-log', { startedAt: addMs(signedAt, -1) })).toEqual([
      { service: 'ct-log', name: 'ct2026-1', publicKey: ctKey },
    ]);
  });

  it.each([
    ['signed before', signedAt, addMs(signedAt, 1)],
    ['written before', addMs(signedAt, -60_000), signedAt],
  ])('believes no checkpoint of a CT log that was %s its start', async (_, writtenAt, startedAt) => {
    await writeCheckpoint('ct-ct2026-1', ctLog([ctEntry(1)]).publish(1), writtenAt);
    const reason = new ToolkitError('CLI_INTERRUPTED', { message: 'enough', fault: 'environment' });
    const controller = new AbortController();
    const reading = read('ct-log', { startedAt, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 60);
    await expect(reading).rejects.toBe(reason);
  });

  it('refuses a CT log whose checkpoint another key signed', async () => {
    await writeCheckpoint('ct-ct2026-1', ctLog([ctEntry(1)], 'other.acme.example').publish(1));
    const refused = read('ct-log', { startedAt: addMs(signedAt, -1) });
    await expect(refused).rejects.toThrowToolkit('LOCAL_LIVE_KEY', { service: 'ct-ct2026-1', publishedAt: 'here' });
  });

  it.each(['rekor', 'ct-log'] as const)('refuses a %s of which the material knows nothing', async (role) => {
    const empty = { ...material, rekor: [], ct: [] };
    await expect(read(role, { material: empty })).rejects.toThrowToolkit('LOCAL_LIVE_KEY');
  });
});

describe('readStoredIdentities', () => {
  it('returns who each server will be, and names the file', async () => {
    const keys = new KeyStore(state.keys);
    const { publicKey } = await keys.ensure('rekor-log2026-1', 'ecdsa-p256-sha256');
    const [stored] = await readStoredIdentities(
      specs.filter(({ role }) => role === 'rekor'),
      keys,
    );
    expect(stored).toMatchObject({ service: 'rekor', name: `log2026-1 (${keys.path('rekor-log2026-1')})` });
    expect(stored && 'publicKey' in stored && stored.publicKey?.equals(publicKey)).toBe(true);
  });

  it('refuses a key that cannot be opened', async () => {
    await expect(readStoredIdentities(specs, new KeyStore(state.keys))).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });
});

interface Live extends Partial<Pick<LiveOptions, 'material' | 'signal'>> {
  readonly head?: string;
  readonly startedAt?: Date;
}

async function read(role: ServiceRole, live: Live = {}) {
  const spec = specs.find((one) => one.role === role);
  if (!spec) throw new Error(`the sample has a ${role}`);
  const ports = { [`${spec.id}/http`]: Number(new URL(server.url).port) };
  return await readLiveIdentities({
    processes: [processOf(spec, live)],
    state,
    facts: { id: 'abcd', instanceName: 'a', domain: 'b', createdAt: signedAt, ports },
    material: live.material ?? material,
    published: { at: 'here' },
    signal: live.signal ?? new AbortController().signal,
  });
}

function processOf(spec: ServiceSpec, { head = '', startedAt = signedAt }: Live): ServerProcess {
  const program: RunningProgram = {
    name: spec.id,
    pid: 0,
    exited: new Promise(() => undefined),
    stop: async () => undefined,
    tail: () => '',
    head: () => head,
  };
  return { spec, program, startedAt };
}

function rekorSays(key: KeyObject): string {
  return `level=INFO msg="Loaded signing key" "pubkey in base64 DER"=${key.export({ type: 'spki', format: 'der' }).toString('base64')}\n`;
}

async function writeCheckpoint(service: string, bytes: Uint8Array, writtenAt = signedAt): Promise<void> {
  const path = join(state.dataOf(service), 'checkpoint');
  await mkdir(state.dataOf(service), { recursive: true });
  await writeFile(path, bytes);
  await utimes(path, writtenAt, writtenAt);
}
