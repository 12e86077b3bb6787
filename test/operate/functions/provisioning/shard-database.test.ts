import { describe, expect, it } from '@jest/globals';
import { assertGrants } from '../../../../operate/functions/provisioning/provision.ts';
import { assertSamePlace, shardDatabaseShape } from '../../../../operate/functions/provisioning/shard-database.ts';
import { readShape } from '../../../../src/core/shape.ts';

const arn = (name: string) => `arn:aws:secretsmanager:eu-central-1:012345678901:secret:${name}-AbCdEf`;
const properties = {
  ServiceToken: 'arn:aws:lambda:eu-central-1:012345678901:function:acme-shard-database',
  service: 'ct-ct2026-1',
  database: 'ct_ct2026_1',
  antispamDatabase: 'ct_ct2026_1_antispam',
  user: 'ct_ct2026_1',
  secretArn: arn('acme/database/ct-ct2026-1'),
  adminSecretArn: arn('acme/database/admin'),
  host: 'acme.cluster-abc.eu-central-1.rds.amazonaws.com',
  port: '3306',
};

describe('shardDatabaseShape', () => {
  it('accepts what the stack writes', () => {
    expect(readShape(shardDatabaseShape, properties).value).toMatchObject({ port: 3_306, user: 'ct_ct2026_1' });
    const { antispamDatabase: _, ...rest } = properties;
    expect(readShape(shardDatabaseShape, { ...rest, revision: '2', ServiceTimeout: 600 }).value).toMatchObject({
      service: 'ct-ct2026-1',
    });
  });

  it.each([
    ['database', 'ct`; DROP DATABASE mysql; --'],
    ['database', 'Ct_2026'],
    ['database', ''],
    ['database', 'a'.repeat(65)],
    ['database', 'ct_2026\n'],
    ['antispamDatabase', 'a.b'],
    ['user', "x'@'%"],
    ['user', 'a'.repeat(33)],
    ['user', 'a%'],
    ['service', 'ct_2026'],
    ['host', 'host;port'],
    ['host', '-h:'],
    ['port', '0'],
    ['port', '3306.5'],
    ['secretArn', 'acme database'],
    ['secretArn', 'arn:aws:secretsmanager:eu-central-1:12:secret:acme'],
    ['adminSecretArn', 'arn:aws:s3:::bucket'],
    ['plainText', 'yes'],
    ['plainText', 'false'],
    ['databases', 'all'],
  ])('refuses %s %j', (name, value) => {
    const { problems } = readShape(shardDatabaseShape, { ...properties, [name]: value });
    expect(problems.map(({ path }) => path)).toEqual([name]);
  });
});

describe('assertSamePlace', () => {
  it('accepts another server, another secret, and an antispam database that was not there', () => {
    const { antispamDatabase: _, ...before } = properties;
    expect(() => assertSamePlace(before, { ...properties, host: 'other', secretArn: arn('b') })).not.toThrow();
  });

  it.each(['service', 'database', 'user', 'antispamDatabase'])('refuses another %s', (name) => {
    expect(() => assertSamePlace(properties, { ...properties, [name]: 'other' })).toThrowToolkit('OPS_DATABASE_MOVED', {
      changed: [name],
    });
  });

  it('refuses to take the antispam database away', () => {
    const { antispamDatabase: _, ...now } = properties;
    expect(() => assertSamePlace(properties, now)).toThrowToolkit('OPS_DATABASE_MOVED');
  });
});

describe('assertGrants', () => {
  const shard = readShape(shardDatabaseShape, properties).value;
  if (!shard) throw new Error('expected properties');
  const usage = "GRANT USAGE ON *.* TO `ct_ct2026_1`@`%` IDENTIFIED BY PASSWORD '*ABC' REQUIRE SSL";
  const own = 'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `ct\\_ct2026\\_1`.* TO `ct_ct2026_1`@`%`';

  it('accepts what MariaDB and MySQL say of a user that was made here', () => {
    expect(() => assertGrants(shard, [usage, own, own.replace('2026\\_1`.*', '2026\\_1\\_antispam`.*')])).not.toThrow();
  });

  it.each([
    'GRANT ALL PRIVILEGES ON *.* TO `ct_ct2026_1`@`%`',
    'GRANT SELECT ON *.* TO `ct_ct2026_1`@`%`',
    'GRANT SELECT ON `rekor\\_log2026\\_1`.* TO `ct_ct2026_1`@`%`',
    'GRANT SELECT ON `ct_ct2026_1`.* TO `ct_ct2026_1`@`%`',
    'GRANT SELECT, DROP ON `ct\\_ct2026\\_1`.* TO `ct_ct2026_1`@`%`',
    'GRANT SELECT ON `ct\\_ct2026\\_1`.* TO `ct_ct2026_1`@`%` WITH GRANT OPTION',
    'GRANT `admin`@`%` TO `ct_ct2026_1`@`%`',
    'GRANT EXECUTE ON PROCEDURE `mysql`.`x` TO `ct_ct2026_1`@`%`',
  ])('refuses %s', (line) => {
    expect(() => assertGrants(shard, [usage, own, line])).toThrowToolkit('OPS_DATABASE_GRANTS', {
      excess: [line.replace(/ TO .*$/, '')],
    });
  });

  it('shows no hash of a password', () => {
    const line = usage.replace('USAGE', 'SUPER');
    expect(() => assertGrants(shard, [line])).toThrow(/got GRANT SUPER ON \*\.\*$/);
  });
});
