import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleToJSON } from '@sigstore/bundle';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { issuedCertificate, Signatory } from '../../bench/load/signatory.ts';
import { StateDirectory } from '../../local/state.ts';
import { CosignClient } from '../../operate/clients/cosign.ts';
import { readTrustMaterial } from '../../operate/instance-material.ts';
import { waitFor } from '../../src/core/wait.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { type RunningProgram, startProgram } from '../../src/process/supervised-program.ts';
import { pemOfIssuers } from '../../src/services/instance.ts';
import { rekorService } from '../../src/services/rekor.ts';
import type { Reference } from '../../src/services/service.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { parseSigningConfig, signingConfigFile } from '../../src/trust/signing-config.ts';
import { startTestInstance, type TestInstance, temporaryDirectory, testUser } from '../support/instance.ts';
import { freePort } from '../support/ministack.ts';
import { serverPath } from '../support/servers.ts';

describe('a real Rekor whose writers hold a certificate', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let instance: TestInstance;
  let material: TrustMaterial;
  let gate: RunningProgram;
  let gateUrl: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    instance = await startTestInstance({ state: join(directory.path, 'state') });
    const read = await readTrustMaterial(new StateDirectory(instance.state));
    if (!read) throw new Error('the instance has trust material');
    material = read;
    gateUrl = `http://127.0.0.1:${await freePort()}`;
    gate = await startGate();
    const healthy = async () => (await fetch(`${gateUrl}/healthz`).catch(() => undefined))?.status === 200;
    await waitFor(healthy, { what: `the gate: ${gate.tail()}`, timeoutMs: 30_000, intervalMs: 50 });
  }, 240_000);

  afterAll(async () => {
    await gate?.stop(10_000);
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  /** The gate that a task of AWS has, started by entry, with the ports of this machine. */
  async function startGate(): Promise<RunningProgram> {
    const [rekor] = material.rekor;
    const { ports } = JSON.parse(await readFile(join(instance.state, 'state.json'), 'utf8')) as {
      ports: Record<string, number>;
    };
    const writerIssuersPem = pemOfIssuers(material, new Date());
    const shard = { shard: rekor?.shard ?? '', origin: rekor?.origin ?? '', operator: '', key: 'awskms' } as const;
    const spec = rekorService(shard, { backend: 'aws', writerIssuersPem });
    const resolve = (part: string | Reference) => {
      if (typeof part === 'string') return part.replace('0.0.0.0', '127.0.0.1');
      if (part.kind === 'file') return `\${file:${part.file}}`;
      if (part.kind === 'port') return part.port === 'http' ? gateUrl.split(':')[2] : ports[`${spec.id}/http`];
      throw new Error(`${part.kind}: the gate has no such thing`);
    };
    return await startProgram({
      name: 'write-gate',
      file: await serverPath('entry'),
      args: [
        await serverPath('write-gate'),
        ...(spec.writeGate?.flags ?? []).map(({ name, value }) => `--${name}=${value.map(resolve).join('')}`),
      ],
      env: { SIGSTEAD_FILES: JSON.stringify({ 'writer-issuers.pem': writerIssuersPem }) },
      cwd: directory.path,
      logFile: join(directory.path, 'gate.log'),
    });
  }

  /** What clients sign with, but for the log, which they reach through the gate. */
  async function signingConfig(): Promise<string> {
    const targets = join(instance.state, 'tuf', 'targets');
    const name = (await readdir(targets)).find((each) => each.endsWith(signingConfigFile)) ?? '';
    return (await readFile(join(targets, name), 'utf8')).replaceAll(material.rekor[0]?.url ?? '', gateUrl);
  }

  async function post(body: Uint8Array, url = gateUrl) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v2/log/entries`, { method: 'POST', headers, body: Buffer.from(body) });
    return { status: answer.status, document: (await answer.json()) as { message?: string } };
  }

  async function certified() {
    const signatory = new Signatory(await instance.token());
    const { path, body } = signatory.certificate();
    const answer = await fetch(`${material.fulcio[0]?.url}${path}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.from(body ?? []) },
    });
    return { signatory, certificate: issuedCertificate(Buffer.from(await answer.arrayBuffer())) };
  }

  it('lets cosign sign, whose bundle cosign verifies', async () => {
    const [artifact, bundle, config] = ['artifact', 'bundle.json', 'config.json'].map((name) =>
      join(directory.path, name),
    );
    const home = join(directory.path, 'home');
    await mkdir(home);
    await writeFile(artifact ?? '', 'an artifact\n');
    await writeFile(config ?? '', await signingConfig());
    const file = await serverPath('cosign');
    const cosign = new CosignClient(file, 'pinned');
    expect(await cosign.initialize({ tufUrl: instance.tufUrl, rootFile: instance.rootFile }, home)).toEqual({
      accepted: true,
    });
    const signed = await runProgram({
      file,
      args: ['sign-blob', artifact ?? '', '--bundle', bundle ?? '', '--signing-config', config ?? '', '--yes'],
      env: { HOME: home, TUF_ROOT: join(home, 'sigstore-root'), SIGSTORE_ID_TOKEN: await instance.token() },
      timeoutMs: 60_000,
    });
    expect(signed).toMatchObject({ exitCode: 0 });
    const expected = { identity: testUser, issuer: instance.issuer };
    const anchor = { tufUrl: instance.tufUrl, rootFile: instance.rootFile };
    expect(await cosign.verify({ anchor, home, artifact: artifact ?? '', bundle: bundle ?? '', expected })).toEqual({
      accepted: true,
    });
  }, 120_000);

  it('lets sigstore-js sign', async () => {
    const { specs } = parseSigningConfig(Buffer.from(await signingConfig()), signingConfigFile);
    const token = await instance.token();
    const builder = bundleBuilderFromSigningConfig({
      signingConfig: specs,
      identityProvider: { getToken: async () => token },
      bundleType: 'messageSignature',
      fetchOptions: { timeout: 20_000, retry: { retries: 0 } },
    });
    const bundle = bundleToJSON(await builder.create({ data: Buffer.from('another artifact\n') }));
    expect(bundle.verificationMaterial.tlogEntries).toHaveLength(1);
  }, 60_000);

  it('refuses a key that nobody certified, which Rekor itself takes', async () => {
    const { body = new Uint8Array() } = new Signatory(await instance.token()).logEntry();
    expect(await post(body)).toMatchObject({
      status: 403,
      document: { code: 7, message: expect.stringContaining('a certificate, not a key'), details: [] },
    });
    expect(await post(body, material.rekor[0]?.url)).toMatchObject({ status: 201 });
  }, 60_000);

  it("leaves it to Rekor to refuse somebody else's certificate, whose key the sender has not", async () => {
    const { signatory, certificate } = await certified();
    expect((await post(signatory.logEntry(certificate).body ?? new Uint8Array())).status).toBe(201);
    const thief = new Signatory(await instance.token());
    expect(await post(thief.logEntry(certificate).body ?? new Uint8Array())).toMatchObject({
      status: 400,
      document: { message: expect.stringContaining('invalid hashedrekord request') },
    });
  }, 60_000);

  it('cannot tell who sends an entry again, and the log has it once', async () => {
    const { signatory, certificate } = await certified();
    const body = signatory.logEntry(certificate).body ?? new Uint8Array();
    expect((await post(body)).status).toBe(201);
    expect((await post(body)).status).toBe(409);
  }, 60_000);

  it('passes for ill while the log behind it is away', async () => {
    const check = async () =>
      await runProgram({ file: await serverPath('entry'), args: ['health', `${gateUrl}/healthz`], timeoutMs: 20_000 });
    expect(await check()).toMatchObject({ exitCode: 0, stderr: '' });
    await instance.run('down');
    expect(await check()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('expected 200, got 502') });
  }, 90_000);
});
