import { createPublicKey } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { equalBytes } from '../../../src/core/bytes.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import type { FakeKms } from '../../support/fake-kms.ts';
import { account, configOf, instanceFiles, region } from './deployed.ts';
import {
  aliasOf,
  deployedKeys,
  forgetProfile,
  point,
  record,
  recorded,
  restoreEnvironment,
  specs,
} from './deployed-keys.ts';

describe('aws record', () => {
  beforeEach(forgetProfile);
  afterAll(restoreEnvironment);

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
