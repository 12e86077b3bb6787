import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { cdk, withoutTypes } from './cdk.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { type MariaDb, prepareMariaDb, startMariaDb } from './mariadb.ts';
import { NameServer } from './name-server.ts';
import { TestNetwork } from './network.ts';
import { assume, environmentOf } from './roles.ts';
import { makeTestCa, type TestCa } from './test-ca.ts';

export const region = 'eu-central-1';
export const account = '012345678901';
/** The keys' account of production.yaml. The emulator uses no key from another account, so servers run where both are one. */
export const keysAccount = '210987654321';

/** AWS as far as one machine has it: the emulator, MariaDB for Aurora, a network with names. */
export class EmulatedAws implements AsyncDisposable {
  readonly directory: string;
  readonly network: TestNetwork;
  readonly names: NameServer;
  readonly ca: TestCa;
  readonly emulator: Emulator;
  readonly #databases: MariaDb[] = [];
  /** By the name that leads to it. */
  readonly #clusters = new Map<string, Promise<string>>();
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
    // As RDS does, a cluster gets its administrator and its certificate before its name leads anywhere.
    this.names.onAsked('rds.amazonaws.com', async (name) => {
      const cluster = this.#clusters.get(name) ?? this.#startDatabase(name);
      this.#clusters.set(name, cluster);
      return await cluster;
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

  /** The cluster that somebody asked for first. */
  get database(): MariaDb {
    const [first] = this.#databases;
    if (first) return first;
    throw new Error(`nobody asked for a database yet (${this.names.failures.join('; ')})`);
  }

  /** Becomes the root user of an account, for the SDKs of this process. */
  become(who: string): void {
    Object.assign(process.env, this.emulator.environmentOf(who));
    delete process.env['AWS_SESSION_TOKEN'];
  }

  /** Does something with the role that the stacks give to people, as one of these people; all of one account. */
  async as<T>(people: string, roleName: string, act: () => Promise<T>, who: string = account): Promise<T> {
    this.become(who);
    const person = await assume(`arn:aws:iam::${who}:role/${people}`);
    Object.assign(process.env, environmentOf(await assume(`arn:aws:iam::${who}:role/${roleName}`, person)));
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

  async bootstrap(regions: readonly string[] = [region, 'us-east-1']): Promise<void> {
    for (const where of regions) await this.#bootstrap(account, where);
  }

  /** Lets the servers' account deploy into the one of the keys. */
  async bootstrapKeysAccount(): Promise<void> {
    await this.#bootstrap(keysAccount, region, '--trust', account);
  }

  async #bootstrap(who: string, where: string, ...more: readonly string[]): Promise<void> {
    const policies = ['--cloudformation-execution-policies', 'arn:aws:iam::aws:policy/AdministratorAccess'];
    await cdk(['bootstrap', `aws://${who}/${where}`, ...policies, ...more], {
      environment: { ...this.emulator.environmentOf(who), AWS_REGION: where },
      cwd: this.directory,
    });
  }

  /**
   * Synthesises and deploys stacks, by default every one, without the resources of the types that the emulator does not
   * know; returns how many of each type were left out, and the outputs by stack.
   */
  async deploy(
    synth: readonly string[],
    types: ReadonlySet<string>,
    stacks: readonly string[] = ['--all'],
  ): Promise<Deployed> {
    const environment = this.emulator.environmentOf(account);
    const { assembly, leftOut, said } = await this.synthesise(synth, types);
    const file = `${assembly}-outputs.json`;
    const options = ['--require-approval', 'never', '--outputs-file', file, '--progress', 'events'];
    await cdk(['deploy', ...stacks, '-a', assembly, ...options], { environment });
    return { leftOut, outputs: JSON.parse(await readFile(file, 'utf8')) as Outputs, said, assembly };
  }

  /** Makes an assembly without the resources of the types that the emulator does not know. */
  async synthesise(synth: readonly string[], types: ReadonlySet<string>): Promise<Synthesised> {
    this.#assemblies += 1;
    const whole = join(this.directory, `${this.#assemblies}-whole`);
    const assembly = join(this.directory, `${this.#assemblies}-filtered`);
    const environment = this.emulator.environmentOf(account);
    const said = await cdk(['synth', '-q', '-o', whole, ...synth], { environment });
    return { assembly, said, leftOut: await withoutTypes(whole, { to: assembly, types }) };
  }

  #assemblies = 0;

  /** Starts what stands for a cluster, with the administrator that the stacks made for it; returns its address. */
  async #startDatabase(name: string): Promise<string> {
    const [, instance = '', where = ''] = clusterName.exec(name) ?? [];
    const directory = join(this.directory, `mariadb-${instance}-${where}`);
    await cp(join(this.directory, 'mariadb'), directory, { recursive: true });
    const address = await this.network.addAddress();
    const tls = await this.ca.issue(`database-${instance}-${where}`, name);
    const database = await startMariaDb({
      ...{ directory, address, port: 3306, tls: { ...tls, ca: this.ca.file } },
      secureTransport: await this.#secureTransport(instance, where),
    });
    this.#stack.use(database);
    const { username, password } = await this.#secret(`${instance}/database/admin`, where);
    await database.run(
      `CREATE USER '${username}'@'%' IDENTIFIED BY '${password}' REQUIRE SSL`,
      `GRANT ALL PRIVILEGES ON *.* TO '${username}'@'%' WITH GRANT OPTION`,
    );
    this.#databases.push(database);
    return address;
  }

  /** What the parameters of the cluster say about clients without TLS. */
  async #secureTransport(instance: string, where: string): Promise<'ON' | 'OFF'> {
    const groups = await this.#rds({ Action: 'DescribeDBClusterParameterGroups' }, where);
    const names = [...groups.matchAll(/<DBClusterParameterGroupName>([^<]+)</g)].map(([, name = '']) => name);
    // The emulator does not tell which group a cluster of a template has.
    const group = names.find((name) => name.startsWith(`${instance}-database-`)) ?? '';
    const ask = { Action: 'DescribeDBClusterParameters', DBClusterParameterGroupName: group };
    const parameters = await this.#rds(ask, where);
    const wanted = parameters.split('</Parameter>').find((each) => each.includes('>require_secure_transport<'));
    return wanted?.includes('<ParameterValue>OFF<') ? 'OFF' : 'ON';
  }

  /** As the root user of the account. */
  async #rds(parameters: Readonly<Record<string, string>>, where: string): Promise<string> {
    const { endpoint, authorization } = this.emulator;
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: authorization('rds', account, where) },
      body: new URLSearchParams({ Version: '2014-10-31', ...parameters }),
    });
    if (answer.ok) return await answer.text();
    throw new Error(`${parameters['Action']}: status ${answer.status}: ${await answer.text()}`);
  }

  async #secret(SecretId: string, where: string): Promise<{ readonly username: string; readonly password: string }> {
    const { endpoint } = this.emulator;
    const credentials = { accessKeyId: account, secretAccessKey: 'test' };
    const client = new SecretsManagerClient({ endpoint, region: where, credentials });
    const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(SecretString) as { username: string; password: string };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** `sigstead-INSTANCE.cluster-ID.REGION.rds.amazonaws.com`. */
const clusterName = /^sigstead-([a-z0-9-]+)\.cluster-[a-z0-9]+\.([a-z0-9-]+)\./;

export interface Synthesised {
  /** Its directory. */
  readonly assembly: string;
  /** Number of resources by type. */
  readonly leftOut: ReadonlyMap<string, number>;
  readonly said: string;
}

export interface Deployed extends Synthesised {
  readonly outputs: Outputs;
}

export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;
