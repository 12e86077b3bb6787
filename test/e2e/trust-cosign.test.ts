import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { formatInstant } from '../../src/core/clock.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { compileTrust } from '../../src/trust/compile.ts';
import type { AuthorityPeriod } from '../../src/trust/period.ts';
import { now, parse, sampleMaterial } from '../src/trust/sample.ts';
import { serverPath } from '../support/servers.ts';

const cosign = await serverPath('cosign');

const directory = await mkdtemp(join(tmpdir(), 'sigstead-trust-'));
afterAll(async () => await rm(directory, { recursive: true, force: true }));

const material = await sampleMaterial();
const compiled = compileTrust(material, { now });

async function run(command: string, ...flags: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: cosign,
    args: [command, 'create', ...flags],
    env: { HOME: directory },
    cwd: directory,
    timeoutMs: 20_000,
  });
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(directory, name), content);
  return join(directory, name);
}

const start = ({ start }: AuthorityPeriod) => `start-time=${formatInstant(start)}`;

describe('compileTrust, judged by cosign', () => {
  it('accepts the same inputs and writes the same trusted root', async () => {
    const flags: string[] = [];
    for (const { uri, chain, validFor } of material.fulcio) {
      flags.push(`--fulcio=url=${uri},certificate-chain=${await file('fulcio.pem', chain.pem)},${start(validFor)}`);
    }
    for (const { uri, name, chain, validFor } of material.timestamps) {
      flags.push(`--tsa=url=${uri},certificate-chain=${await file(`${name}.pem`, chain.pem)},${start(validFor)}`);
    }
    for (const { origin, publicKey, validFor } of [...material.rekor, ...material.ct]) {
      const pem = await file(`${origin}.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString());
      const kind = material.rekor.some((log) => log.origin === origin) ? 'rekor' : 'ctfe';
      flags.push(`--${kind}=url=https://${origin},public-key=${pem},${start(validFor)},origin=${origin}`);
    }
    expect(TrustedRoot.fromJSON(await run('trusted-root', ...flags))).toEqual(
      TrustedRoot.fromJSON(parse(compiled.trustedRoot)),
    );
  });

  it('accepts the same inputs and writes the same signing configuration', async () => {
    const service = (entry: { url: string; operator: string; validFor: AuthorityPeriod }, version: number) =>
      `url=${entry.url},api-version=${version},${start(entry.validFor)},operator=${entry.operator}`;
    const json = await run(
      'signing-config',
      ...material.fulcio.map((entry) => `--fulcio=${service(entry, 1)}`),
      ...material.rekor.map((entry) => `--rekor=${service(entry, 2)}`),
      '--rekor-config=ANY',
      ...material.oidc.map((entry) => `--oidc-provider=${service(entry, 1)}`),
      ...material.timestamps.toReversed().map((entry) => `--tsa=${service(entry, 1)}`),
      '--tsa-config=ANY',
    );
    expect(SigningConfig.fromJSON(json)).toEqual(SigningConfig.fromJSON(parse(compiled.signingConfig)));
  });
});
