import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import { assertTrustMaterial } from '../../operate/instance-material.ts';
import { readFileIfPresent } from '../../src/core/files.ts';
import { request } from '../../src/core/http.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { auditLog } from '../../src/tlog/audit.ts';
import { verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { ctNoteVerifier } from '../../src/tlog/ct-key.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import { maxTileBytes } from '../../src/tlog/tiles.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import {
  projectDirectory,
  runSigstead,
  sigsteadJson,
  startTestInstance,
  type TestInstance,
  temporaryDirectory,
  testUser,
} from '../support/instance.ts';
import { IssuedBundles } from '../support/issued-bundles.ts';
import { expectRefusal } from '../support/refusals.ts';
import { serverPath } from '../support/servers.ts';

const [old, last] = ['log2025-1', 'log2026-1'];
const [oldCt, lastCt] = ['ct2025-1', 'ct2026-1'];
const frozenLine = /^Log frozen — \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}$/;

/** The smallest instance, with an older shard of each log before the one that it signs into. */
async function shardedConfig(directory: string): Promise<string> {
  const examples = join(projectDirectory, 'examples');
  await cp(join(examples, 'root-signing'), join(directory, 'root-signing'), { recursive: true });
  const minimal = await readFile(join(examples, 'minimal.yaml'), 'utf8');
  const sharded = minimal
    .replace('rekor: [{', `rekor: [{ shard: ${old}, key: file }, {`)
    .replace('ct: [{', `ct: [{ shard: ${oldCt}, key: file }, {`);
  const file = join(directory, 'sigstead.yaml');
  await writeFile(file, sharded);
  return file;
}

describe('freeze', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let config: string;
  let state: StateDirectory;
  let material: TrustMaterial;
  let instance: TestInstance;
  let issued: IssuedBundles;

  const freeze = (...args: readonly string[]) => sigsteadJson(['freeze', ...args, '--state', state.path]);
  const up = async () => await startTestInstance({ state: state.path, args: ['--config', config] });
  const fileOf = async (service: string, name: string) => await readFile(join(state.dataOf(service), name));

  const rekorOf = (shard: string) => {
    const log = material.rekor.find((entry) => entry.shard === shard);
    if (!log) throw new Error(`${shard}: no such log`);
    return { origin: log.origin, verifier: rekorNoteVerifier(log.origin, log.publicKey) };
  };
  const ctOf = (shard: string) => {
    const log = material.ct.find((entry) => entry.shard === shard);
    if (!log) throw new Error(`${shard}: no such log`);
    const { origin, publicKey } = log;
    const frozen = { origin, verifier: rekorNoteVerifier(origin, publicKey) };
    return { checkpoint: { origin, verifier: ctNoteVerifier(origin, publicKey) }, frozen };
  };

  beforeAll(async () => {
    directory = await temporaryDirectory();
    config = await shardedConfig(directory.path);
    state = new StateDirectory(join(directory.path, 'state'));
    instance = await up();
    material = await assertTrustMaterial(state);
    issued = await IssuedBundles.of(state.path);
    await issued.sign();
  }, 240_000);

  afterAll(async () => {
    await issued?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  it('refuses while the instance is up, and what is no shard', async () => {
    const before = await fileOf(`rekor-${old}`, 'checkpoint');
    expectRefusal(await freeze(old), { exitCode: 5, code: 'LOCAL_STATE_BUSY', names: [state.path] });
    expectRefusal(await freeze('log1999'), { exitCode: 3, code: 'OPS_UNKNOWN_SHARD', names: ['log1999'] });
    expect(await fileOf(`rekor-${old}`, 'checkpoint')).toEqual(before);
    expect((await instance.run('down')).exitCode).toBe(0);
  }, 60_000);

  it('refuses a log that does not hold what its checkpoint says', async () => {
    const before = await fileOf(`rekor-${last}`, 'checkpoint');
    const { size } = verifyCheckpoint(before, rekorOf(last));
    const bundle = join(state.dataOf(`rekor-${last}`), 'tile', 'entries', '000.p', `${size}`);
    const entries = await readFile(bundle);
    await writeFile(bundle, entries.toReversed());
    const refused = await freeze(last);
    await writeFile(bundle, entries);
    expectRefusal(refused, { exitCode: 4, code: 'OPS_FREEZE_REFUSED', names: [`rekor-${last}`, 'entries'] });
    expect(await fileOf(`rekor-${last}`, 'checkpoint')).toEqual(before);
  }, 60_000);

  it('ends older shards, each under its own key, and changes nothing the second time', async () => {
    const before = await fileOf(`rekor-${old}`, 'checkpoint');
    expect(await freeze(old, '--check')).toMatchObject({ exitCode: 0, document: { frozenAt: null, already: false } });
    expect(await fileOf(`rekor-${old}`, 'checkpoint')).toEqual(before);

    expect(await freeze(old)).toMatchObject({ exitCode: 0, document: { shard: old, size: 0, already: false } });
    expect(await freeze(oldCt)).toMatchObject({ exitCode: 0, document: { file: 'frozen', already: false } });
    const [rekor, ct] = [await fileOf(`rekor-${old}`, 'checkpoint'), await fileOf(`ct-${oldCt}`, 'frozen')];
    expect(verifyCheckpoint(rekor, rekorOf(old)).extensions).toEqual([expect.stringMatching(frozenLine)]);
    expect(verifyCheckpoint(ct, ctOf(oldCt).frozen).extensions).toEqual([expect.stringMatching(frozenLine)]);

    expect(await freeze(`rekor-${old}`)).toMatchObject({ exitCode: 0, document: { already: true } });
    expect(await freeze(oldCt)).toMatchObject({ exitCode: 0, document: { already: true } });
    expect(await fileOf(`rekor-${old}`, 'checkpoint')).toEqual(rekor);
    expect(await fileOf(`ct-${oldCt}`, 'frozen')).toEqual(ct);
  }, 60_000);

  it('leaves an instance that goes on signing, and still serves the frozen logs', async () => {
    const frozen = await fileOf(`rekor-${old}`, 'checkpoint');
    instance = await up();
    await issued.sign();
    await issued.verifyAll();
    const log = material.rekor.find(({ shard }) => shard === old);
    const served = await request(`${log?.url}/api/v2/checkpoint`, { maxBytes: 65_536 });
    expect([served.status, Buffer.from(served.body)]).toEqual([200, frozen]);
    const entry = await request(`${log?.url}/api/v2/log/entries`, {
      ...{ method: 'POST', body: '{}', maxBytes: 65_536 },
      headers: { 'content-type': 'application/json' },
    });
    expect(entry.status).toBeGreaterThanOrEqual(500);
    expect((await instance.run('down')).exitCode).toBe(0);
    expect(await fileOf(`rekor-${old}`, 'checkpoint')).toEqual(frozen);
  }, 120_000);

  it('ends the shards that it signs into: their entries are all there, and old bundles verify', async () => {
    const { stderr, exitCode } = await runSigstead(['freeze', last, '--state', state.path]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`${last} is the last of its kind`)]);
    expect((await freeze(lastCt)).exitCode).toBe(0);
    const checkpoint = verifyCheckpoint(await fileOf(`rekor-${last}`, 'checkpoint'), rekorOf(last));
    expect(checkpoint.extensions).toEqual([expect.stringMatching(frozenLine)]);
    const readTile = (path: string) => readFileIfPresent(join(state.dataOf(`rekor-${last}`), path), maxTileBytes);
    expect((await auditLog({ checkpoint, kind: 'rekor', readTile })).size).toBeGreaterThanOrEqual(issued.count);

    const ct = verifyCheckpoint(await fileOf(`ct-${lastCt}`, 'checkpoint'), ctOf(lastCt).checkpoint);
    const ended = verifyCheckpoint(await fileOf(`ct-${lastCt}`, 'frozen'), ctOf(lastCt).frozen);
    expect([ended.size, ended.rootHash]).toEqual([ct.size, ct.rootHash]);
    await expectVerified(issued, state);
  }, 120_000);

  it('refuses to bring an instance up that has nowhere to sign into, and writes nothing', async () => {
    const before = await fileOf(`rekor-${last}`, 'checkpoint');
    const refused = await sigsteadJson(['up', '--state', state.path, '--config', config]);
    expectRefusal(refused, { exitCode: 3, code: 'OPS_SHARD_FROZEN', names: [last, config] });
    expect(await fileOf(`rekor-${last}`, 'checkpoint')).toEqual(before);
  }, 60_000);
});

/** By cosign, from the published trusted root alone: the instance is down. */
async function expectVerified(issued: IssuedBundles, state: StateDirectory): Promise<void> {
  const trust = join(dirname(state.path), 'trust');
  expect((await runSigstead(['trust', 'compile', '--state', state.path, '--out', trust])).exitCode).toBe(0);
  const issuer = (await assertTrustMaterial(state)).oidc[0]?.url ?? '';
  for (const { artifact, bundle } of issued.signed) {
    const { exitCode, stderr } = await runProgram({
      file: await serverPath('cosign'),
      args: [
        ...['verify-blob', '--bundle', bundle, '--trusted-root', join(trust, 'trusted_root.json')],
        ...[`--certificate-identity=${testUser}`, `--certificate-oidc-issuer=${issuer}`, '--use-signed-timestamps'],
        artifact,
      ],
      env: { HOME: dirname(state.path) },
      timeoutMs: 60_000,
    });
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Verified OK')]);
  }
}
