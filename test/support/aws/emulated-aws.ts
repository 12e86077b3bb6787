import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { cdk, withoutTypes } from './cdk.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { type MariaDb, prepareMariaDb, startMariaDb } from './mariadb.ts';
import { NameServer } from './name-server.ts';
import { TestNetwork } from './network.ts';
import { assume, environmentOf } from './roles.ts';
import { makeTestCa, type TestCa } from './test-ca.ts';

export const region = 'eu-central-1';
export const account = '012345678901';
/** The keys' account of production.yaml; the emulator cannot use a key from another account, so both are one here. */
export const keysAccount = '210987654321';

/** AWS as far as one machine has it: the emulator, MariaDB for Aurora, a network with names. */
export class EmulatedAws implements AsyncDisposable {
  readonly directory: string;
  readonly network: TestNetwork;
  readonly names: NameServer;
  readonly ca: TestCa;
  readonly emulator: Emulator;
  #database: MariaDb | undefined;
  #starting: Promise<MariaDb> | undefined;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    directory: string;
    network: TestNetwork;
    names: NameServer;
    ca: TestCa;
    emulator: Emulator;
    stack: AsyncDisposableStack;
  }) {
    this.directory = parts.directory;
    this.network = parts.network;
    this.names = parts.names;
    this.ca = parts.ca;
    this.emulator = parts.emulator;
    this.#stack = parts.stack;
    // As RDS does, the cluster gets its administrator and its certificate before its name leads anywhere.
    this.names.onAsked('rds.amazonaws.com', async (name) => {
      this.#starting ??= this.#startDatabase(name);
      this.#database = await this.#starting;
      return this.network.address;
    });
  }

  static async begin(): Promise<EmulatedAws> {
    const stack = new AsyncDisposableStack();
    try {
      return await EmulatedAws.#begin(stack);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  static async #begin(stack: AsyncDisposableStack): Promise<EmulatedAws> {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-aws-'));
    stack.defer(async () => rm(directory, { recursive: true, force: true }));
    const network = stack.use(await TestNetwork.begin());
    const names = stack.use(await NameServer.begin(network.address));
    const ca = await makeTestCa(join(directory, 'ca'));
    const at = async (name: string) => {
      await mkdir(join(directory, name));
      return join(directory, name);
    };
    await prepareMariaDb(join(directory, 'mariadb'));
    const emulator = stack.use(
      await startEmulator({ directory: await at('emulator'), network, names, ca, region, account }),
    );
    return new EmulatedAws({ directory, network, names, ca, emulator, stack });
  }

  get database(): MariaDb {
    if (this.#database) return this.#database;
    throw new Error(`nobody asked for the database yet (${this.names.failures.join('; ')})`);
  }

  /** Becomes the root user of an account, for the SDKs of this process. */
  become(who: string): void {
    Object.assign(process.env, this.emulator.environmentOf(who));
    delete process.env['AWS_SESSION_TOKEN'];
  }

  /** Does something with the role that the stacks give to people, as one of these people. */
  async as<T>(people: string, roleName: string, act: () => Promise<T>): Promise<T> {
    this.become(account);
    const person = await assume(`arn:aws:iam::${account}:role/${people}`);
    Object.assign(process.env, environmentOf(await assume(`arn:aws:iam::${account}:role/${roleName}`, person)));
    try {
      return await act();
    } finally {
      this.become(account);
    }
  }

  /** Makes the hosted zone that has to be there before the instance is deployed; returns its id. */
  async createZone(domain: string): Promise<string> {
    this.become(account);
    const client = new Route53Client();
    const { HostedZone } = await client.send(new CreateHostedZoneCommand({ Name: domain, CallerReference: domain }));
    return HostedZone?.Id?.split('/').at(-1) ?? '';
  }

  async bootstrap(): Promise<void> {
    const policies = ['--cloudformation-execution-policies', 'arn:aws:iam::aws:policy/AdministratorAccess'];
    for (const [who, where] of [
      [account, region],
      [account, 'us-east-1'],
    ] as const) {
      await cdk(['bootstrap', `aws://${who}/${where}`, ...policies], {
        environment: { ...this.emulator.environmentOf(who), AWS_REGION: where },
        cwd: this.directory,
      });
    }
  }

  /**
   * Synthesises and deploys every stack, without the resources of the types that the emulator does not know; returns
   * how many of each type were left out, and the outputs by stack.
   */
  async deploy(
    synth: readonly string[],
    types: ReadonlySet<string>,
  ): Promise<{ readonly leftOut: ReadonlyMap<string, number>; readonly outputs: Outputs; readonly said: string }> {
    const environment = this.emulator.environmentOf(account);
    this.#deployments += 1;
    const number = this.#deployments;
    const [whole, filtered, file] = ['whole', 'filtered', 'outputs.json'].map((name) =>
      join(this.directory, `${number}-${name}`),
    ) as [string, string, string];
    const said = await cdk(['synth', '-q', '-o', whole, ...synth], { environment });
    const leftOut = await withoutTypes(whole, { to: filtered, types });
    const options = [
      '--all',
      '-a',
      filtered,
      '--require-approval',
      'never',
      '--outputs-file',
      file,
      '--progress',
      'events',
    ];
    await cdk(['deploy', ...options], { environment });
    return { leftOut, outputs: JSON.parse(await readFile(file, 'utf8')) as Outputs, said };
  }

  /** Deploys one stack anew, after the configuration has changed. */
  async redeploy(stack: string, synth: readonly string[], types: ReadonlySet<string>): Promise<void> {
    const environment = this.emulator.environmentOf(account);
    this.#deployments += 1;
    const [whole, filtered] = ['whole', 'filtered'].map((name) =>
      join(this.directory, `${this.#deployments}-${name}`),
    ) as [string, string];
    await cdk(['synth', '-q', '-o', whole, ...synth], { environment });
    await withoutTypes(whole, { to: filtered, types });
    await cdk(['deploy', stack, '--exclusively', '-a', filtered, '--require-approval', 'never'], { environment });
  }

  #deployments = 0;

  async #startDatabase(name: string): Promise<MariaDb> {
    const tls = await this.ca.issue('database', name);
    const database = await startMariaDb({
      ...{ directory: join(this.directory, 'mariadb'), address: this.network.address, port: 3306 },
      tls: { ...tls, ca: this.ca.file },
    });
    this.#stack.use(database);
    const { username, password } = await this.#administrator();
    await database.run(
      `CREATE USER '${username}'@'%' IDENTIFIED BY '${password}' REQUIRE SSL`,
      `GRANT ALL PRIVILEGES ON *.* TO '${username}'@'%' WITH GRANT OPTION`,
    );
    return database;
  }

  /** Returns what the stacks say that the cluster's administrator is: the one secret that is no shard's. */
  async #administrator(): Promise<{ readonly username: string; readonly password: string }> {
    const { endpoint, environmentOf } = this.emulator;
    const keys = environmentOf(account);
    const credentials = { accessKeyId: keys['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: 'test' };
    const client = new SecretsManagerClient({ endpoint, region, credentials });
    const { SecretList = [] } = await client.send(new ListSecretsCommand({ MaxResults: 100 }));
    for (const { ARN } of SecretList.filter(({ Name = '' }) => !/\/database\/(?:ct|rekor)-/.test(Name))) {
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
      const secret = JSON.parse(SecretString) as { username?: string; password?: string };
      if (secret.username !== undefined && secret.password !== undefined) {
        return { username: secret.username, password: secret.password };
      }
    }
    throw new Error(`no secret of an administrator among ${SecretList.map(({ Name }) => Name).join(', ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;
