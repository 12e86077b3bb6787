import { generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseDeploymentRecord } from '../../../src/services/deployment.ts';
import { account, configOf, type InstanceFiles, region } from './deployed.ts';
import { aliasOf, deployedKeys, forgetProfile, record, restoreEnvironment } from './deployed-keys.ts';

describe('aws record', () => {
  beforeEach(forgetProfile);
  afterAll(restoreEnvironment);

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
});
