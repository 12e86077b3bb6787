import { describe, expect, it } from '@jest/globals';
import { assertLocalKeys } from '../../local/key-sources.ts';
import { minimalConfig } from '../support/minimal-config.ts';
import { rootPolicy } from '../support/root-of-trust.ts';

const config = await minimalConfig();
const policy = rootPolicy();
const key = 'pkcs11:token=a;object=b';

describe('assertLocalKeys', () => {
  it('accepts keys in files', () => {
    assertLocalKeys(config, policy);
  });

  it('accepts a key that a KMS key wraps on AWS: here it is in a file, as one in KMS is', () => {
    const kek = 'tink:arn:aws:kms:eu-central-1:012345678901:key/01234567-89ab-cdef-0123-456789abcdef';
    const rekor = config.logs.rekor.map((shard) => ({ ...shard, key: kek }) as const);
    assertLocalKeys({ ...config, logs: { ...config.logs, rekor } }, policy);
  });

  it('refuses an HSM for Fulcio, a CT log, a timestamp authority and the online role, by file and key', () => {
    const fulcio = { ...config, fulcio: { ...config.fulcio, key } as const };
    const timestamps = config.timestamps.map((entry, index) => (index === 1 ? ({ ...entry, key } as const) : entry));
    const logs = { ...config.logs, ct: config.logs.ct.map((shard) => ({ ...shard, key }) as const) };
    const cases = [
      [{ ...config, logs }, policy, { file: config.file, where: `logs.ct ${config.logs.ct[0]?.shard}` }],
      [fulcio, policy, { file: config.file, where: 'fulcio.key' }],
      [{ ...config, timestamps }, policy, { file: config.file, where: 'timestamps tsa-2' }],
      [config, rootPolicy({ online: { key } }), { file: policy.file, where: 'online.key' }],
    ] as const;
    for (const [wanted, by, data] of cases) {
      expect(() => assertLocalKeys(wanted, by)).toThrowToolkit('LOCAL_KEY_SOURCE', data);
    }
  });
});
