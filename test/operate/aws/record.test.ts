import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { awsRecordCommand } from '../../../operate/aws/record.ts';
import { equalBytes } from '../../../src/core/bytes.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import { parseDeploymentRecord } from '../../../src/services/deployment.ts';
import { type FakeKms, type KeySpec, startFakeKms } from '../../support/fake-kms.ts';
import { runCommand } from '../../support/invocation.ts';
import { account, type ConfigLines, configOf, type InstanceFiles, instanceFiles, region } from './deployed.ts';

const specs = {
  fulcio: 'ECC_NIST_P384',
  'ct-ct2026-1': 'ECC_NIST_P256',
  'rekor-log2026-1': 'ECC_NIST_P256',
  'timestamp-tsa-1': 'ECC_NIST_P384',
  'timestamp-tsa-2': 'ECC_NIST_P384',
  'tuf-online': 'ECC_NIST_P256',
} as const satisfies Record<string, KeySpec>;

const aliasOf = (id: string) => `arn:aws:kms:${region}:${account}:alias/acme/${id}`;
const before = { ...process.env };

/** The keys of an instance in AWS KMS, where the SDK of this process finds it. */
async function deployedKeys(lines: ConfigLines = {}) {
  const kms = await startFakeKms();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: kms.client.endpoint,
    AWS_ACCESS_KEY_ID: kms.client.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.client.credentials.secretAccessKey,
  });
  const arns = new Map(Object.entries(specs).map(([id, spec]) => [id, point(kms, id, spec)]));
  const files = await instanceFiles(lines);
  return {
    ...{ kms, files, arns },
    [Symbol.asyncDispose]: async () => {
      await kms[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

function point(kms: FakeKms, id: string, spec: KeySpec): string {
  const arn = kms.addKey(spec);
  kms.pointAlias(aliasOf(id), arn);
  return arn;
}

async function record(files: InstanceFiles, words: readonly string[] = []) {
  return await runCommand(awsRecordCommand, ['--config', files.at('sigstead.yaml'), ...words]);
}

async function recorded(files: InstanceFiles) {
  return parseDeploymentRecord(Buffer.from(await files.read('deployment.json')), 'deployment.json').keys;
}

describe('aws record', () => {
  beforeEach(() => {
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
  });
  afterAll(() => {
    process.env = before;
  });

  it('records the key behind each alias by its own ARN, and writes public keys for the ceremony', async () => {
    await using deployed = await deployedKeys();
    const { files, arns, kms } = deployed;
    const { outcome } = await record(files, ['--keys', files.at('inbox')]);
    expect(outcome?.json).toMatchObject({ added: expect.arrayContaining(Object.keys(specs)) });
    const keys = await recorded(files);
    expect(new Map([...keys].map(([id, { arn }]) => [id, arn]))).toEqual(new Map([...arns].toSorted()));
    for (const [id, { publicKey }] of keys) {
      const written = createPublicKey(await files.read(`inbox/${id}.pub.pem`));
      expect(equalBytes(spkiOf(written), spkiOf(publicKey))).toBe(true);
    }
    expect(new Set(kms.requests.map(({ operation }) => operation))).toEqual(new Set(['GetPublicKey']));
    expect(new Set(kms.requests.map((request) => request.region))).toEqual(new Set([region]));
  });

  it('leaves the record alone where nothing is new, and repeats itself', async () => {
    await using deployed = await deployedKeys();
    const { files } = deployed;
    await record(files, ['--keys', files.at('inbox')]);
    const first = await files.read('deployment.json');
    const { outcome } = await record(files, ['--keys', files.at('inbox')]);
    expect(outcome?.json).toMatchObject({ added: [] });
    expect(await files.read('deployment.json')).toBe(first);
  });

  it('asks no more for the key of a frozen log, which may be disabled', async () => {
    const rekor = '{ shard: log2026-1 }, { shard: log2026-2 }';
    await using deployed = await deployedKeys({ rekor });
    const { files, kms, arns } = deployed;
    point(kms, 'rekor-log2026-2', 'ECC_NIST_P256');
    await record(files);
    const aws = `aws: { account: '${account}', regions: [${region}], frozen: [log2026-1] }`;
    await files.write('sigstead.yaml', configOf({ rekor, aws }));
    const disable = (id: string) => {
      kms.tamper = (answer, { input }) => (input['KeyId'] === aliasOf(id) ? { refuse: 'DisabledException' } : answer);
    };
    disable('rekor-log2026-1');
    expect((await record(files)).outcome?.json).toMatchObject({ added: [] });
    expect((await recorded(files)).get('rekor-log2026-1')?.arn).toBe(arns.get('rekor-log2026-1'));
    disable('rekor-log2026-2');
    await expect(record(files)).rejects.toThrowToolkit('KEY_KMS_NOT_ENABLED');
  });

  describe('with the key of a Rekor shard in a keyset', () => {
    const id = 'rekor-log2026-1';
    const uri = `tink:arn:aws:kms:${region}:${account}:key/00000000-0000-4000-8000-000000000000`;
    const tinkLines = { rekor: `{ shard: log2026-1, key: '${uri}' }` };
    const keyset = '{"encryptedKeyset":"AQICAHg=","keysetInfo":{"primaryKeyId":1}}';
    const pemOf = (namedCurve: 'secp384r1' | 'prime256v1') =>
      generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const given = (files: InstanceFiles) => [
      ...['--public-key', `${id}=${files.at('log.pub.pem')}`, '--keyset', `${id}=${files.at('keyset.json')}`],
    ];

    it('records keyset and public key together, once, and never asks KMS for that key', async () => {
      await using deployed = await deployedKeys(tinkLines);
      const { files, kms } = deployed;
      await files.write('log.pub.pem', pemOf('prime256v1'));
      await files.write('keyset.json', keyset);
      await record(files, given(files));
      const first = await files.read('deployment.json');
      const { keys, tinkKeys } = parseDeploymentRecord(Buffer.from(first), 'deployment.json');
      expect([...keys.keys()]).not.toContain(id);
      expect(tinkKeys?.get(id)).toMatchObject({ uri, keyset });
      expect(kms.requests.map(({ input }) => input['KeyId'])).not.toContain(aliasOf(id));
      for (const words of [[], given(files)]) await record(files, words);
      expect(await files.read('deployment.json')).toBe(first);
      await files.write('log.pub.pem', pemOf('prime256v1'));
      await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_KEY_CHANGED', { service: id });
    });

    it('refuses a keyset while a key in KMS is recorded, and the other way round', async () => {
      await using deployed = await deployedKeys();
      const { files } = deployed;
      await record(files);
      await files.write('log.pub.pem', pemOf('prime256v1'));
      await files.write('keyset.json', keyset);
      await files.write('sigstead.yaml', configOf(tinkLines));
      await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_KEY_CHANGED', { service: id, found: uri });
      await rm(files.at('deployment.json'));
      await record(files, given(files));
      await files.write('sigstead.yaml', configOf());
      await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_CHANGED', { recorded: uri });
    });

    it('refuses neither, one of both, a key that nobody wrapped, and one on another curve', async () => {
      await using deployed = await deployedKeys(tinkLines);
      const { files } = deployed;
      await files.write('log.pub.pem', pemOf('prime256v1'));
      await expect(record(files)).rejects.toThrowToolkit('OPS_TINK_KEYSET', { service: id });
      await expect(record(files, given(files).slice(0, 2))).rejects.toThrowToolkit('OPS_TINK_KEYSET');
      const inTheOpen = '{"primaryKeyId":1,"key":[{"keyData":{"value":"c2VjcmV0"}}]}';
      for (const text of [inTheOpen, keyset.replace('}}', '},"key":[]}'), 'no keyset', '[]']) {
        await files.write('keyset.json', text);
        await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_TINK_KEYSET');
      }
      await files.write('keyset.json', keyset);
      await files.write('log.pub.pem', pemOf('secp384r1'));
      await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_HSM_KEY');
      await expect(record(files, ['--keyset', 'fulcio=keyset.json'])).rejects.toThrowToolkit('CLI_USAGE');
    });
  });

  describe('with the key of a timestamp authority in an HSM', () => {
    const uri = 'pkcs11:token=servers;object=tsa;type=private';
    const hsmLines = {
      timestamps: "{ name: tsa-1, key: 'pkcs11:object=tsa;token=servers' }, { name: tsa-2 }",
      aws: `aws: { account: '${account}', regions: [${region}], hsm: { module: /m.so, network: 10.0.8.0/24 } }`,
    };
    const pemOf = (namedCurve: 'secp384r1' | 'prime256v1') =>
      generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const given = (files: InstanceFiles) => ['--public-key', `timestamp-tsa-1=${files.at('tsa.pub.pem')}`];

    it('records the public key that it is given, once, and asks KMS for the others', async () => {
      await using deployed = await deployedKeys(hsmLines);
      const { files, kms } = deployed;
      const pem = pemOf('secp384r1');
      await files.write('tsa.pub.pem', pem);
      const { outcome } = await record(files, [...given(files), '--keys', files.at('inbox')]);
      expect(outcome?.text).toContain(`timestamp-tsa-1  ${uri}\n`);
      const { keys, hsmKeys } = parseDeploymentRecord(
        Buffer.from(await files.read('deployment.json')),
        'deployment.json',
      );
      expect([...keys.keys()]).not.toContain('timestamp-tsa-1');
      expect([...(hsmKeys ?? [])].map(([id, key]) => [id, key.uri])).toEqual([['timestamp-tsa-1', uri]]);
      expect(await files.read('inbox/timestamp-tsa-1.pub.pem')).toBe(pem);
      expect(kms.requests.map(({ input }) => input['KeyId'])).not.toContain(aliasOf('timestamp-tsa-1'));
      const first = await files.read('deployment.json');
      for (const words of [[], given(files)]) await record(files, words);
      expect(await files.read('deployment.json')).toBe(first);
    });

    it('refuses another key than the recorded one', async () => {
      await using deployed = await deployedKeys(hsmLines);
      const { files } = deployed;
      await files.write('tsa.pub.pem', pemOf('secp384r1'));
      await record(files, given(files));
      await files.write('tsa.pub.pem', pemOf('secp384r1'));
      await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_KEY_CHANGED', {
        service: 'timestamp-tsa-1',
      });
    });

    it('refuses a key in the HSM while one in KMS is recorded, and the other way round', async () => {
      await using deployed = await deployedKeys();
      const { files } = deployed;
      await record(files);
      await files.write('tsa.pub.pem', pemOf('secp384r1'));
      await files.write('sigstead.yaml', configOf(hsmLines));
      const changed = { service: 'timestamp-tsa-1', found: uri };
      await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_KEY_CHANGED', changed);
      await rm(files.at('deployment.json'));
      await record(files, given(files));
      await files.write('sigstead.yaml', configOf());
      await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_CHANGED', { recorded: uri });
    });

    it('refuses no key, a key of another kind, and a private one', async () => {
      await using deployed = await deployedKeys(hsmLines);
      const { files } = deployed;
      await expect(record(files)).rejects.toThrowToolkit('OPS_HSM_KEY', { service: 'timestamp-tsa-1' });
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
      const wrong = [pemOf('prime256v1'), 'no key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()];
      for (const pem of wrong) {
        await files.write('tsa.pub.pem', pem);
        await expect(record(files, given(files))).rejects.toThrowToolkit('OPS_HSM_KEY');
      }
    });

    it.each(['fulcio=key.pem', 'timestamp-tsa-1', 'timestamp-tsa-1=', '=key.pem', 'timestamp-tsa-2=key.pem'])(
      'refuses --public-key %s',
      async (words) => {
        await using deployed = await deployedKeys(hsmLines);
        await expect(record(deployed.files, ['--public-key', words])).rejects.toThrowToolkit('CLI_USAGE');
      },
    );
  });

  it('refuses an alias that leads to another key than the recorded one', async () => {
    await using deployed = await deployedKeys();
    const { files, kms, arns } = deployed;
    await record(files);
    const first = await files.read('deployment.json');
    const found = point(kms, 'rekor-log2026-1', 'ECC_NIST_P256');
    await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_CHANGED', {
      service: 'rekor-log2026-1',
      recorded: arns.get('rekor-log2026-1'),
      found,
    });
    expect(await files.read('deployment.json')).toBe(first);
  });

  it('refuses a recorded ARN that has another public key now', async () => {
    await using deployed = await deployedKeys();
    const { files, kms } = deployed;
    await record(files);
    const [stranger] = [kms.addKey('ECC_NIST_P256')];
    const other = await publicKeyOf(kms, stranger);
    kms.tamper = (answer, { input }) =>
      input['KeyId'] === aliasOf('ct-ct2026-1') ? { ...answer, PublicKey: other } : answer;
    await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_CHANGED', { service: 'ct-ct2026-1' });
  });

  it.each([
    ['fulcio', 'ECC_NIST_P256'],
    ['rekor-log2026-1', 'ECC_NIST_P384'],
    ['tuf-online', 'ECC_NIST_EDWARDS25519'],
  ] as const)('refuses for %s a key of %s, and records nothing', async (id, spec) => {
    await using deployed = await deployedKeys();
    const { files, kms } = deployed;
    point(kms, id, spec);
    await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_ALGORITHM', { service: id, alias: aliasOf(id) });
    await expect(files.read('deployment.json')).rejects.toThrow('ENOENT');
  });

  it('refuses where a key is missing, and records nothing', async () => {
    await using deployed = await deployedKeys();
    const { files, kms } = deployed;
    kms.tamper = (answer, { input }) =>
      input['KeyId'] === aliasOf('tuf-online') ? { refuse: 'NotFoundException' } : answer;
    await expect(record(files)).rejects.toThrowToolkit('KEY_KMS_NOT_FOUND');
    await expect(files.read('deployment.json')).rejects.toThrow('ENOENT');
  });

  describe('while a region is away', () => {
    const other = 'eu-west-1';
    const twoRegions = {
      timestamps: `{ name: tsa-1 }, { name: tsa-2, region: ${other} }`,
      aws: `aws: { account: '${account}', regions: [${region}, ${other}] }`,
    };
    const abroad = aliasOf('timestamp-tsa-2').replace(region, other);
    const here = Object.keys(specs).filter((id) => id !== 'timestamp-tsa-2');

    it('records the keys of the regions that answer, says which did not, and adds the rest later', async () => {
      await using deployed = await deployedKeys(twoRegions);
      const { files, kms, arns } = deployed;
      const arn = kms.addKey('ECC_NIST_P384', other);
      kms.pointAlias(abroad, arn);
      kms.away.add(other);
      const keys = ['--keys', files.at('inbox')];
      await expect(record(files, keys)).rejects.toThrowToolkit('OPS_REGION_AWAY', {
        regions: [other],
        added: expect.arrayContaining(here),
      });
      expect([...(await recorded(files)).keys()].toSorted()).toEqual(here.toSorted());
      expect(await files.read('inbox/fulcio.pub.pem')).toContain('PUBLIC KEY');

      kms.away.clear();
      const { outcome } = await record(files, keys);
      expect(outcome?.json).toMatchObject({ added: ['timestamp-tsa-2'] });
      const all = new Map([...(await recorded(files))].map(([id, key]) => [id, key.arn]));
      expect(all).toEqual(new Map([...arns, ['timestamp-tsa-2', arn]].toSorted() as [string, string][]));
    });

    it('keeps what was recorded of it', async () => {
      await using deployed = await deployedKeys(twoRegions);
      const { files, kms } = deployed;
      kms.pointAlias(abroad, kms.addKey('ECC_NIST_P384', other));
      await record(files);
      const first = await files.read('deployment.json');
      kms.away.add(region);
      await expect(record(files)).rejects.toThrowToolkit('OPS_REGION_AWAY', { regions: [region], added: [] });
      expect(await files.read('deployment.json')).toBe(first);
    });

    it('records nothing of any region where an answer is evidence', async () => {
      await using deployed = await deployedKeys(twoRegions);
      const { files, kms } = deployed;
      point(kms, 'tuf-online', 'ECC_NIST_P384');
      kms.away.add(other);
      await expect(record(files)).rejects.toThrowToolkit('OPS_KEY_ALGORITHM', { service: 'tuf-online' });
      await expect(files.read('deployment.json')).rejects.toThrow('ENOENT');
    });
  });

  it('never writes over the public key of another', async () => {
    await using deployed = await deployedKeys();
    const { files } = deployed;
    await files.write('fulcio.pub.pem', 'another key');
    await expect(record(files, ['--keys', files.path])).rejects.toThrowToolkit('CORE_FILE_EXISTS');
    expect(await files.read('fulcio.pub.pem')).toBe('another key');
  });

  it('refuses a configuration that is of no deployment', async () => {
    await using files = await instanceFiles({ aws: 'monitors: {}' });
    await expect(record(files)).rejects.toThrowToolkit('OPS_NOT_ON_AWS');
  });
});

/** As AWS KMS tells it. */
async function publicKeyOf({ url }: FakeKms, arn: string): Promise<unknown> {
  const headers = { 'x-amz-target': 'TrentService.GetPublicKey' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ KeyId: arn }) });
  return ((await answer.json()) as Record<string, unknown>)['PublicKey'];
}
