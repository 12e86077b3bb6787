import { describe, expect, it } from '@jest/globals';
import { Names, partitionOf } from '../../lib/names.ts';

const account = '012345678901';
const keysAccount = '210987654321';
const namesOf = (instance: string, writeRegion = 'eu-central-1') =>
  new Names({ instance, account, keysAccount, writeRegion });

const names = namesOf('acme');
/** The longest that the configuration takes. */
const longest = 'i'.repeat(32);
const longestShard = `rekor-${'s'.repeat(32)}`;
/** Differ in the last letter only, which is where a name is cut. */
const twins = [`${longestShard.slice(0, -1)}1`, `${longestShard.slice(0, -1)}2`] as const;

describe('Names', () => {
  it('follows from the configuration alone', () => {
    expect({
      stack: names.stack('Network', 'eu-central-1'),
      other: names.stack('Network', 'eu-west-1'),
      role: names.roleArn('fulcio', 'task'),
      keyRole: names.keyRoleArn('break-glass'),
      bucket: names.bucketArn('tuf', 'eu-central-1'),
      database: names.database('rekor-log2026-1'),
      antispam: names.antispamDatabase('ct-ct2026-1'),
      secret: names.databaseSecret('rekor-log2026-1'),
      alias: names.keyAlias('fulcio'),
      peer: names.peerHost('fulcio'),
      logGroup: names.logGroup('fulcio'),
    }).toEqual({
      stack: 'acme-Network',
      other: 'acme-Network-eu-west-1',
      role: `arn:aws:iam::${account}:role/acme-fulcio-task`,
      keyRole: `arn:aws:iam::${keysAccount}:role/acme-break-glass`,
      bucket: `arn:aws:s3:::acme-tuf-${account}-eu-central-1`,
      database: 'rekor_log2026_1',
      antispam: 'ct_ct2026_1_antispam',
      secret: 'acme/database/rekor-log2026-1',
      alias: 'alias/acme/fulcio',
      peer: 'fulcio.acme.internal',
      logGroup: '/sigstead/acme/fulcio',
    });
  });

  it('leaves a role of 64 characters as it is, and cuts one of 65', () => {
    const owner = (length: number) => 'o'.repeat(length - 'acme--task'.length);
    expect(names.role(owner(64), 'task')).toBe(`acme-${owner(64)}-task`);
    expect(names.role(owner(65), 'task')).toMatch(/^acme-o{50}-[0-9a-f]{8}$/);
    expect(names.role(owner(65), 'task')).toHaveLength(64);
  });

  it('leaves a bucket of 63 characters as it is, and cuts one of 64', () => {
    const owner = (length: number) => 'o'.repeat(length - `acme--${account}-eu-central-1`.length);
    expect(names.bucket(owner(63), 'eu-central-1')).toBe(`acme-${owner(63)}-${account}-eu-central-1`);
    const cut = names.bucket(owner(64), 'eu-central-1');
    expect(cut).toHaveLength(63);
    expect(cut).toMatch(/^[a-z0-9][a-z0-9-]+[a-z0-9]$/);
  });

  it('keeps cut names apart: by shard, by kind, by region, by account', () => {
    const long = namesOf(longest);
    const [one, other] = twins;
    const elsewhere = new Names({ instance: longest, account: keysAccount, keysAccount, writeRegion: 'eu-central-1' });
    const all = [
      ...[long.role(one, 'task'), long.role(other, 'task'), long.role(one, 'execution'), long.role(one, 'function')],
      ...[long.bucket(one, 'eu-central-1'), long.bucket(other, 'eu-central-1'), long.bucket(one, 'eu-west-1')],
      ...[elsewhere.bucket(one, 'eu-central-1')],
      ...[long.database(one), long.database(other)],
      ...[long.antispamDatabase(one), long.antispamDatabase(other)],
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('stays within what AWS and MySQL take, for the longest names that the configuration takes', () => {
    const long = namesOf(longest, 'ap-southeast-2');
    expect(long.role(longestShard, 'execution').length).toBeLessThanOrEqual(64);
    expect(long.keyRole('key-administrator').length).toBeLessThanOrEqual(64);
    expect(long.bucket(longestShard, 'ap-southeast-2').length).toBeLessThanOrEqual(63);
    expect(long.database(longestShard)).toMatch(/^[a-z0-9_]{1,32}$/);
    expect(long.antispamDatabase(longestShard).length).toBeLessThanOrEqual(64);
    expect(long.keyAlias(`timestamp-${'s'.repeat(32)}`)).toMatch(/^alias\/[a-zA-Z0-9/_-]{1,250}$/);
    expect(long.stack(`LogData-${longestShard}`, 'eu-central-1').length).toBeLessThanOrEqual(128);
    for (const label of long.peerHost(`timestamp-${'s'.repeat(32)}`).split('.')) {
      expect(label.length).toBeLessThanOrEqual(63);
    }
    expect(long.repository('timestamp-server-aws').length).toBeLessThanOrEqual(256);
  });

  it('names an image by its digest, in the registry of its region', () => {
    const host = `${account}.dkr.ecr`;
    expect(names.image('fulcio', 'sha256:ab', 'eu-west-1')).toBe(
      `${host}.eu-west-1.amazonaws.com/acme/fulcio@sha256:ab`,
    );
    expect(names.image('fulcio', 'sha256:ab', 'cn-north-1')).toBe(
      `${host}.cn-north-1.amazonaws.com.cn/acme/fulcio@sha256:ab`,
    );
  });
});

describe('partitionOf', () => {
  it.each([
    ['eu-central-1', 'aws'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-northwest-1', 'aws-cn'],
  ])('%s is in %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
    expect(namesOf('acme', region).roleArn('fulcio', 'task')).toContain(`arn:${partition}:iam::`);
    expect(names.bucketArn('tuf', region)).toContain(`arn:${partition}:s3:::`);
  });

  it.each(['us-iso-east-1', 'us-isob-east-1', 'us-isof-south-1', 'eu-isoe-west-1', 'eusc-de-east-1'])(
    'refuses %s, whose key ARNs the servers cannot read',
    (region) => {
      expect(() => partitionOf(region)).toThrowToolkit('AWS_PARTITION');
      expect(() => namesOf('acme', region).roleArn('fulcio', 'task')).toThrowToolkit('AWS_PARTITION');
    },
  );
});
