import type { KeyObject } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { awsMaterialCommand } from '../../../operate/aws/material.ts';
import { equalBytes } from '../../../src/core/bytes.ts';
import { addMs, type Clock, dayMs } from '../../../src/core/clock.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import { parseTrustMaterial } from '../../../src/trust/material.ts';
import { parseSigningConfig } from '../../../src/trust/signing-config.ts';
import { parseTrustedRoot } from '../../../src/trust/trusted-root.ts';
import { runCommand } from '../../support/invocation.ts';
import {
  account,
  certifiedInstance,
  clock,
  configOf,
  fulcioChain,
  type InstanceFiles,
  instanceFiles,
  keyOf,
  newKey,
  recordedKey,
  recordedKeys,
  region,
  tsaChain,
  writeRecord,
} from './deployed.ts';

const start = new Date('2026-11-22T10:00:00Z');
const later: Clock = { now: () => addMs(start, 30 * dayMs) };

async function material(files: InstanceFiles, words: readonly string[] = [], at: Clock = clock) {
  const all = ['--config', files.at('sigstead.yaml'), '--certificates', files.at('certificates'), ...words];
  return await runCommand(awsMaterialCommand, all, { clock: at });
}

async function written(files: InstanceFiles) {
  return parseTrustMaterial(await readFile(files.at('trust-material.json')), 'trust-material.json');
}

async function nothingWritten(files: InstanceFiles): Promise<void> {
  await expect(readFile(files.at('trust-material.json'))).rejects.toThrow('ENOENT');
}

describe('aws material', () => {
  it('adds a renewed certificate after the one that signed before, which stays trusted', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    await material(files);
    await files.write('certificates/fulcio.pem', (await fulcioChain(keyOf(keys, 'fulcio'))).pem);
    await files.write('certificates/timestamp-tsa-1.pem', (await tsaChain(keyOf(keys, 'timestamp-tsa-1'))).pem);
    await material(files, [], later);
    const made = await written(files);
    expect(made.fulcio.map(({ signing, validFor }) => [signing, validFor.end])).toEqual([
      [false, undefined],
      [true, undefined],
    ]);
    const authorities = made.timestamps.map(({ name, signing }) => `${name} ${signing}`);
    expect(authorities).toEqual(['tsa-1 false', 'tsa-1 true', 'tsa-2 true']);
    expect(new Set(made.timestamps.map(({ uri }) => uri)).size).toBe(3);
  });

  it('takes the key of a CT log that keeps it in a secret from a file, and refuses to go without', async () => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    const config = configOf({ aws: `aws: { account: '${account}', regions: [${region}], ctLogServer: upstream }` });
    await files.write('sigstead.yaml', config);
    await expect(material(files)).rejects.toThrowToolkit('OPS_KEY_UNRECORDED', { service: 'ct-ct2026-1' });
    const pem = newKey('prime256v1').export({ type: 'spki', format: 'pem' });
    await files.write('certificates/ct-ct2026-1.pub.pem', `${pem}trailing`);
    await expect(material(files)).rejects.toThrowToolkit('OPS_KEY_UNRECORDED');
    await files.write('certificates/ct-ct2026-1.pub.pem', pem);
    await material(files);
    expect((await written(files)).ct[0]?.publicKey.export({ type: 'spki', format: 'pem' })).toBe(pem);
  });

  it('takes the key that the configuration means, where one in KMS and one in an HSM are recorded', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    const inHsm = { uri: 'pkcs11:token=servers;object=ct;type=private', publicKey: newKey('prime256v1') };
    await writeRecord(files, keys, new Map([['ct-ct2026-1', inHsm]]));
    const pem = (key: KeyObject | undefined) => key?.export({ type: 'spki', format: 'pem' });
    await material(files);
    expect(pem((await written(files)).ct[0]?.publicKey)).toBe(pem(keyOf(keys, 'ct-ct2026-1')));
    await rm(files.at('trust-material.json'));
    const hsm = '{ module: /m.so, network: 10.0.8.0/24 }';
    const config = configOf({ aws: `aws: { account: '${account}', regions: [${region}], hsm: ${hsm} }` });
    await files.write('sigstead.yaml', config.replace('ct: [{', "ct: [{ key: 'pkcs11:token=servers;object=ct',"));
    await material(files);
    expect(pem((await written(files)).ct[0]?.publicKey)).toBe(pem(inHsm.publicKey));
    await writeRecord(files, keys);
    await rm(files.at('trust-material.json'));
    await expect(material(files)).rejects.toThrowToolkit('OPS_KEY_UNRECORDED', { service: 'ct-ct2026-1' });
  });

  it('puts recorded keys and certified chains together, valid from now, and compiles them to targets', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    const { outcome } = await material(files, ['--targets', files.path]);
    expect(outcome?.json).toMatchObject({ fulcio: 1, ct: 1, rekor: 1, timestamps: 2 });
    const made = await written(files);
    expect(made.fulcio).toMatchObject([
      { url: 'https://fulcio.sigstore.acme.example', signing: true, validFor: { start } },
    ]);
    expect(made.fulcio[0]?.chain.pem).toBe(await files.read('certificates/fulcio.pem'));
    expect(made.rekor).toMatchObject([
      { shard: 'log2026-1', url: 'https://log2026-1.sigstore.acme.example', signing: true, validFor: { start } },
    ]);
    expect(
      equalBytes(spkiOf(made.rekor[0]?.publicKey ?? newKey('prime256v1')), spkiOf(keyOf(keys, 'rekor-log2026-1'))),
    ).toBe(true);
    expect(made.timestamps.map(({ url }) => url)).toEqual([
      'https://tsa-1.sigstore.acme.example/api/v1/timestamp',
      'https://tsa-2.sigstore.acme.example/api/v1/timestamp',
    ]);
    const root = parseTrustedRoot(await readFile(join(files.path, 'trusted_root.json')), 'trusted_root.json');
    expect(
      [root.tlogs, root.ctlogs, root.certificateAuthorities, root.timestampAuthorities].map((l) => l.length),
    ).toEqual([1, 1, 1, 2]);
    const offered = await readFile(join(files.path, 'signing_config.v0.2.json'));
    expect(parseSigningConfig(offered, 'signing_config').rekor).toHaveLength(1);
  });

  it('writes no targets unless asked where', async () => {
    await using instance = await certifiedInstance();
    await material(instance.files);
    await expect(instance.files.read('trusted_root.json')).rejects.toThrow('ENOENT');
  });

  it('changes nothing the second time, whatever the time', async () => {
    await using instance = await certifiedInstance();
    await material(instance.files);
    const before = await instance.files.read('trust-material.json');
    await material(instance.files, [], later);
    expect(await instance.files.read('trust-material.json')).toBe(before);
  });

  it('adds a shard after what is there, and asks for no chain again', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    await material(files);
    const before = await written(files);
    await rm(files.at('certificates'), { recursive: true });
    await files.write('sigstead.yaml', configOf({ rekor: '{ shard: log2026-1 }, { shard: log2027-1 }' }));
    await writeRecord(files, new Map([...keys, ['rekor-log2027-1', recordedKey(99, 'prime256v1')]]));
    await material(files, [], later);
    const after = await written(files);
    expect(after.rekor.map(({ shard, signing, validFor }) => [shard, signing, validFor.start])).toEqual([
      ['log2026-1', false, start],
      ['log2027-1', true, later.now()],
    ]);
    expect(pems(after)).toEqual(pems(before));
    expect(after.rekor[0]).toMatchObject({ origin: before.rekor[0]?.origin, url: before.rekor[0]?.url });
  });

  it('tells clients the URLs that services have elsewhere, and keeps their names', async () => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await files.write('endpoints.json', '{ "fulcio": "https://d1.example", "timestamp-tsa-1": "https://d2.example" }');
    await material(files, ['--endpoints', files.at('endpoints.json')]);
    const { fulcio, timestamps } = await written(files);
    expect(fulcio[0]).toMatchObject({ url: 'https://d1.example', uri: 'https://fulcio.sigstore.acme.example' });
    expect(timestamps[0]).toMatchObject({
      url: 'https://d2.example/api/v1/timestamp',
      uri: 'https://tsa-1.sigstore.acme.example/api/v1/timestamp',
    });
  });

  it('offers the issuers that people log in at, since when they did first', async () => {
    const okta = '{ preset: okta, url: https://acme.okta.com/oauth2/default, clientId: abc }';
    await using instance = await certifiedInstance({ issuers: `{ preset: github-actions }, ${okta}` });
    const { files } = instance;
    await material(files);
    await material(files, [], later);
    expect((await written(files)).oidc).toEqual([
      { url: 'https://acme.okta.com/oauth2/default', operator: 'oidc-1.sigstore.acme.example', validFor: { start } },
    ]);
  });

  it.each([
    ['no text', '{ "fulcio": 1 }'],
    ['a service that the instance has not', '{ "fulcioo": "https://d1.example" }'],
    ['a service that clients never ask', '{ "ct-ct2026-1": "https://d1.example" }'],
  ])('refuses endpoints: %s', async (_what, endpoints) => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await files.write('endpoints.json', endpoints);
    const words = ['--endpoints', files.at('endpoints.json')];
    await expect(material(files, words)).rejects.toThrowToolkit('OPS_ENDPOINTS');
    await nothingWritten(files);
  });

  it('refuses an endpoint that no client takes', async () => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await files.write('endpoints.json', '{ "fulcio": "http://d1.example" }');
    await expect(material(files, ['--endpoints', files.at('endpoints.json')])).rejects.toThrowToolkit('TRUST_LINT');
    await nothingWritten(files);
  });

  it('refuses a chain of another key than the recorded one', async () => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await files.write('certificates/fulcio.pem', (await fulcioChain(newKey('secp384r1'))).pem);
    await expect(material(files)).rejects.toThrowToolkit('OPS_CHAIN_KEY', { service: 'fulcio' });
    await nothingWritten(files);
  });

  it('refuses chains of two authorities that were exchanged', async () => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await files.write('certificates/timestamp-tsa-1.pem', await files.read('certificates/timestamp-tsa-2.pem'));
    await expect(material(files)).rejects.toThrowToolkit('OPS_CHAIN_KEY', { service: 'timestamp-tsa-1' });
  });

  it.each(['fulcio', 'timestamp-tsa-2'])('refuses where the chain of %s is missing', async (id) => {
    await using instance = await certifiedInstance();
    const { files } = instance;
    await rm(files.at(`certificates/${id}.pem`));
    await expect(material(files)).rejects.toThrowToolkit('OPS_CHAIN_MISSING', { service: id });
    await nothingWritten(files);
  });

  it.each(['fulcio', 'ct-ct2026-1', 'rekor-log2026-1', 'timestamp-tsa-1'])(
    'refuses where no key of %s is recorded',
    async (id) => {
      await using instance = await certifiedInstance();
      const { files, keys } = instance;
      await writeRecord(files, new Map([...keys].filter(([each]) => each !== id)));
      await expect(material(files)).rejects.toThrowToolkit('OPS_KEY_UNRECORDED', { service: id });
      await nothingWritten(files);
    },
  );

  it('refuses chains that break a rule: of the wrong purpose, expired, without their root', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    const key = keyOf(keys, 'fulcio');
    const good = await fulcioChain(key);
    const bad = [
      (await tsaChain(key)).pem,
      (await fulcioChain(key, addMs(start, -dayMs))).pem,
      good.pem.slice(0, good.pem.indexOf('-----BEGIN', 1)),
    ];
    for (const pem of bad) {
      await files.write('certificates/fulcio.pem', pem);
      await expect(material(files)).rejects.toThrowToolkit('X509_CHAIN_INVALID');
      await nothingWritten(files);
    }
  });

  it('refuses while nobody knows the pool that the deployment makes, and says what to copy', async () => {
    await using instance = await certifiedInstance({ issuers: '{ preset: cognito }' });
    const refused = expect(material(instance.files)).rejects;
    await refused.toMatchObject({ code: 'OIDC_COGNITO_UNKNOWN', hint: expect.stringContaining('UserPoolId') });
    await nothingWritten(instance.files);
  });

  it('offers the pool once it is known', async () => {
    const issuers = '{ preset: cognito, userPool: eu-central-1_AbCdEf123, clientId: 1h57kf5cpq17m0eml12abcdef }';
    await using instance = await certifiedInstance({ issuers });
    await material(instance.files);
    const [pool] = (await written(instance.files)).oidc;
    expect(pool?.url).toBe('https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123');
  });

  it('refuses the provider of one machine', async () => {
    await using instance = await certifiedInstance({
      issuers: '{ preset: local, users: [{ email: dev@example.com }] }',
    });
    await expect(material(instance.files)).rejects.toThrowToolkit('TRUST_LINT');
    await nothingWritten(instance.files);
  });

  it('refuses a configuration that is of no deployment', async () => {
    await using files = await instanceFiles({ aws: 'monitors: {}' });
    await writeRecord(files, recordedKeys());
    await expect(material(files)).rejects.toThrowToolkit('OPS_NOT_ON_AWS');
  });
});

function pems({ fulcio, ct, timestamps }: Awaited<ReturnType<typeof written>>) {
  const chains = [...fulcio, ...timestamps].map(({ chain, validFor }) => [chain.pem, validFor]);
  return [...chains, ...ct.map(({ publicKey, validFor }) => [spkiOf(publicKey), validFor])];
}
