import { createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { bundleFunctions } from '../../../operate/functions/bundle.ts';
import { type MariaDb, prepareMariaDb, startMariaDb } from '../../support/aws/mariadb.ts';
import { makeTestCa, type TestCa } from '../../support/aws/test-ca.ts';
import { type LoopbackServer, startLoopbackServer } from '../../support/loopback-server.ts';
import { type Invocation, invokeFunction } from './invoked-function.ts';

/** What the cases stand on, once the tests run. */
export interface Stage {
  readonly directory: string;
  /** Of the emulator of AWS. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The bundled function against a real database with TLS and the emulator's Secrets Manager. */
export function shardDatabaseCases(stage: () => Stage): void {
  const password = 'a1B2c3D4e5F6g7H8i9J0k1L2';
  const shard = { service: 'ct-ct2026-1', database: 'ct_ct2026_1', user: 'ct_ct2026_1' };
  const antispamDatabase = 'ct_ct2026_1_antispam';
  let secrets: SecretsManagerClient;
  let code: string;
  let ca: TestCa;
  let port: number;
  let database: MariaDb;
  let answers: LoopbackServer;
  let secretArn: string;
  let adminSecretArn: string;
  let last: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    secrets = new SecretsManagerClient();
    code = (await bundleFunctions(join(stage().directory, 'functions'))).get('shard-database') ?? '';
    ca = await makeTestCa(join(stage().directory, 'ca'));
    port = await freePort();
    const tls = { ...(await ca.issue('localhost', 'localhost')), ca: ca.file };
    const place = join(stage().directory, 'mariadb');
    await prepareMariaDb(place);
    database = await startMariaDb({ directory: place, address: '127.0.0.1', port, tls });
    // As RDS gives its administrator, who is no superuser.
    const may = 'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, INDEX, ALTER, CREATE USER';
    await database.run(
      "CREATE USER admin@'%' IDENTIFIED BY 'secret;of:admin' REQUIRE SSL",
      `GRANT ${may} ON *.* TO admin@'%' WITH GRANT OPTION`,
    );
    adminSecretArn = await newSecret('acme/database/admin', {
      username: 'admin',
      password: 'secret;of:admin',
      engine: 'mysql',
    });
    secretArn = await newSecret('acme/database/ct-ct2026-1', { username: shard.user, password });
    answers = await startLoopbackServer(async (request, response) => {
      last = JSON.parse((await buffer(request)).toString());
      response.writeHead(200).end();
    });
  }, 150_000);

  afterAll(async () => {
    secrets?.destroy();
    await answers?.close();
    await database?.[Symbol.asyncDispose]();
  }, 60_000);

  async function newSecret(name: string, value: object): Promise<string> {
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name: name, SecretString: JSON.stringify(value) }));
    return ARN ?? '';
  }

  async function ask(
    change: object = {},
    environment: Record<string, string> = {},
    type = 'Create',
  ): Promise<Invocation> {
    const properties = { ...shard, antispamDatabase, secretArn, adminSecretArn, host: 'localhost', port: `${port}` };
    const event = {
      ...{ RequestType: type, ResponseURL: `${answers.url}/answer`, StackId: 'stack', RequestId: 'request' },
      ...{
        LogicalResourceId: 'Ct',
        ResourceProperties: { ...properties, ...change },
        OldResourceProperties: properties,
      },
    };
    return await invokeFunction(
      code,
      { INSTANCE: 'acme', DATABASE_CA_PEM: ca.pem, ...stage().environment, ...environment },
      event,
    );
  }

  async function asShard(name: string, tls = true, own = password) {
    const ssl = { ca: ca.pem, verifyIdentity: true };
    return await createConnection({
      host: 'localhost',
      port,
      user: shard.user,
      password: own,
      database: name,
      ...(tls && { ssl }),
    });
  }

  it('makes databases and a user that can do what Tessera does there, and nothing else', async () => {
    const { output } = await ask();
    expect(last).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `localhost/${shard.database}` });
    expect(output).not.toContain(password);
    const log = await asShard(shard.database);
    for (const statement of tesseraStatements) await log.query(statement);
    const refused = [
      'DROP TABLE IntCoord',
      'CREATE INDEX i ON Seq (seq)',
      'CREATE DATABASE other',
      'SELECT * FROM mysql.user',
    ];
    for (const statement of refused) await expect(log.query(statement)).rejects.toThrow(/denied/);
    await log.end();
    const antispam = await asShard(antispamDatabase);
    await antispam.query(
      'CREATE TABLE IF NOT EXISTS AntispamIDSeq (h BINARY(32) NOT NULL, idx BIGINT UNSIGNED NOT NULL, PRIMARY KEY (h))',
    );
    await antispam.end();
  }, 60_000);

  it('lets the user in by TLS only, and nowhere that merely looks alike', async () => {
    await expect(asShard(shard.database, false)).rejects.toThrow();
    await database.run('CREATE DATABASE ctxct2026x1');
    await expect(asShard('ctxct2026x1')).rejects.toThrow(/denied/);
    expect(await database.query(`SELECT ssl_type FROM mysql.user WHERE user = '${shard.user}'`)).toEqual([
      { ssl_type: 'ANY' },
    ]);
  }, 60_000);

  it("lets the user in without TLS where TesseraCT's own binary is to use it, and no longer once it is not", async () => {
    await database.run('SET GLOBAL require_secure_transport = OFF'); // As the parameters of the cluster are then.
    await expect(asShard(shard.database, false)).rejects.toThrow(/denied/);
    await ask({ plainText: 'true' }, {}, 'Update');
    expect(last).toMatchObject({ Status: 'SUCCESS' });
    const plain = await asShard(shard.database, false);
    await expect(plain.query('SELECT * FROM mysql.user')).rejects.toThrow(/denied/);
    await plain.end();
    await (await asShard(shard.database)).end(); // The start gate goes on to use TLS.
    await ask({}, {}, 'Update');
    await expect(asShard(shard.database, false)).rejects.toThrow(/denied/);
    await database.run('SET GLOBAL require_secure_transport = ON');
  }, 60_000);

  it('does it again without a change, takes a new password, and keeps everything when the stack goes', async () => {
    const next = 'Z9y8X7w6V5u4T3s2R1q0P9o8';
    await secrets.send(
      new PutSecretValueCommand({
        SecretId: secretArn,
        SecretString: JSON.stringify({ username: shard.user, password: next }),
      }),
    );
    await ask({ revision: '2' }, {}, 'Update');
    expect(last).toMatchObject({ Status: 'SUCCESS' });
    await ask({}, {}, 'Delete');
    expect(last).toMatchObject({ Status: 'SUCCESS' });
    await expect(asShard(shard.database)).rejects.toThrow(/denied/);
    const log = await asShard(shard.database, true, next);
    const [rows] = await log.query('SELECT seq FROM IntCoord');
    expect(rows).toEqual([{ seq: 0 }]);
    await log.end();
  }, 90_000);

  it('refuses a database whose certificate another authority signed', async () => {
    const stranger = await makeTestCa(join(stage().directory, 'stranger'));
    const { output } = await ask({}, { DATABASE_CA_PEM: stranger.pem, INSTANCE: '' });
    expect(last).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/^OPS_DATABASE_UNREACHABLE: localhost:/),
    });
    expect(output).not.toContain('secret;of:admin');
  }, 60_000);

  it('answers also where it was told of no authority', async () => {
    await ask({}, { DATABASE_CA_PEM: '' });
    expect(last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('database-ca.pem') });
  }, 60_000);

  it.each([
    ['OPS_DATABASE_USER', async () => ({ database: 'rekor_log2026_1' })],
    ['OPS_DATABASE_USER', async () => ({ antispamDatabase: 'rekor_log2026_1' })],
    [
      'OPS_DATABASE_USER',
      async () => ({ secretArn: await newSecret('acme/other', { username: 'rekor_log2026_1', password }) }),
    ],
    [
      'OPS_DATABASE_PASSWORD',
      async () => ({ secretArn: await newSecret('acme/weak', { username: shard.user, password: "x' OR 1" }) }),
    ],
    ['OPS_SECRET_SHAPE', async () => ({ secretArn: await newSecret('acme/odd', { user: 'x' }) })],
    ['OPS_SECRET_UNREADABLE', async () => ({ secretArn: secretArn.replace('ct-ct2026-1', 'ct-none') })],
    [
      'OPS_DATABASE_UNREACHABLE',
      async () => ({ adminSecretArn: await newSecret('acme/wrong', { username: 'admin', password: 'guess' }) }),
    ],
    ['OPS_DATABASE_REFUSED', async () => ({ adminSecretArn: secretArn })],
  ])(
    'refuses with %s, and says no password',
    async (reason, change) => {
      const { output } = await ask(await change());
      expect(last).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(new RegExp(`^${reason}: `)) });
      expect(output).not.toMatch(/OR 1|guess|secret;of|Z9y8/);
    },
    60_000,
  );

  it('refuses a user whom somebody gave more, as evidence', async () => {
    await database.run(`GRANT SELECT ON *.* TO ${shard.user}@'%'`);
    const { metrics } = await ask();
    expect(last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('got GRANT SELECT ON *.*') });
    expect(metrics).toEqual({ Evidence: [1] });
  }, 60_000);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Of each kind that storage/aws/aws.go of Tessera v1.0.4 has. */
const tesseraStatements = [
  'CREATE TABLE IF NOT EXISTS Seq(id INT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, v LONGBLOB, PRIMARY KEY (id, seq))',
  'CREATE TABLE IF NOT EXISTS IntCoord(id INT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, rootHash TINYBLOB NOT NULL, PRIMARY KEY (id))',
  'CREATE TABLE IF NOT EXISTS PubCoord(id INT UNSIGNED NOT NULL, publishedAt BIGINT NOT NULL, PRIMARY KEY (id))',
  'ALTER TABLE PubCoord ADD COLUMN size BIGINT UNSIGNED',
  "INSERT IGNORE INTO IntCoord (id, seq, rootHash) VALUES (0, 0, '')",
  'INSERT INTO Seq(id, seq, v) VALUES(0, 0, NULL)',
  'SELECT seq, v FROM Seq WHERE id = 0 AND seq >= 0 ORDER BY seq LIMIT 10 FOR UPDATE',
  'UPDATE IntCoord SET seq=0 WHERE id=0',
  'DELETE FROM Seq WHERE id=0 AND seq IN (0)',
];
