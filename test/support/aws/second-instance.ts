import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsMaterialCommand } from '../../../operate/aws/material.ts';
import { awsRecordCommand } from '../../../operate/aws/record.ts';
import { imagesBuildCommand, imagesPushCommand } from '../../../operate/images-commands.ts';
import { parseDeploymentRecord, type RecordedKey } from '../../../src/services/deployment.ts';
import type { NoteVerifier } from '../../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import { parseTrustMaterial } from '../../../src/trust/material.ts';
import { fulcioChain, tsaChain } from '../../operate/aws/deployed.ts';
import { runCommand } from '../invocation.ts';
import { tellLeftOut } from './cdk.ts';
import { account, type Deployed, type EmulatedAws } from './emulated-aws.ts';
import type { Pool } from './identity.ts';
import type { ImageFiles } from './image-files.ts';
import { Services } from './services.ts';

export const secondRegion = 'eu-west-1';
const instance = 'beta';
const domain = 'sigstore.beta.example';
const ctShard = 'ct-ct2027-1';

export interface SecondInstanceOptions {
  readonly aws: EmulatedAws;
  readonly images: ImageFiles;
  /** What `images build` made for the first instance. */
  readonly built: string;
  readonly rootPolicy: string;
  /** Of the first instance: its people sign here too. */
  readonly pool: Pool;
  readonly unknownTypes: ReadonlySet<string>;
}

/**
 * Another instance in the same account, for what one configuration cannot have with the first: it is private, its CT log
 * is TesseraCT's own binary, and a shard of Rekor and a timestamp authority are in a second region.
 */
export class SecondInstance implements AsyncDisposable {
  readonly instance = instance;
  readonly directory: string;
  /** Of the first region, and of the second one. */
  readonly services: Services;
  readonly abroad: Services;
  readonly #options: SecondInstanceOptions;

  private constructor(options: SecondInstanceOptions) {
    this.#options = options;
    this.directory = join(options.aws.directory, instance);
    this.services = new Services(options.aws, options.images, instance);
    this.abroad = new Services(options.aws, options.images, instance, secondRegion);
  }

  /** Writes its configuration. */
  static async begin(options: SecondInstanceOptions): Promise<SecondInstance> {
    const second = new SecondInstance(options);
    await mkdir(second.#at('certificates'), { recursive: true });
    const zone = await options.aws.createZone(domain);
    await writeFile(second.config, configuration(zone, options));
    return second;
  }

  get config(): string {
    return this.#at('sigstead.yaml');
  }

  /** Deploys the keys and who may use them, and nothing else. */
  async deployKeys(): Promise<void> {
    const { aws, unknownTypes } = this.#options;
    await aws.bootstrap([secondRegion]);
    const stacks = ['Roles', 'KeyRoles', 'Keys', `Keys-${secondRegion}`].map((name) => `${instance}-${name}`);
    await aws.deploy(this.#synth(), unknownTypes, [...stacks, '--exclusively']);
  }

  /** Records the keys as the auditor does, and gives them chains. Nobody publishes a root for this instance. */
  async certify(): Promise<void> {
    const { aws } = this.#options;
    const record = async () => await runCommand(awsRecordCommand, ['--config', this.config]);
    await aws.as('security-auditors', `${instance}-auditor`, record);
    const keys = await this.keys();
    const write = async (id: string, pem: string) => await writeFile(this.#at('certificates', `${id}.pem`), pem);
    await write('fulcio', (await fulcioChain(keyOf(keys, 'fulcio').publicKey)).pem);
    for (const id of ['timestamp-tsa-1', 'timestamp-tsa-2'])
      await write(id, (await tsaChain(keyOf(keys, id).publicKey, id)).pem);
  }

  /** Puts the key of TesseraCT's own binary where that looks for it: PEM in two secrets. */
  async keepCtKey(key: { readonly publicPem: string; readonly privatePem: string }): Promise<void> {
    const client = new SecretsManagerClient();
    const secret = async (half: 'public' | 'private', SecretString: string) =>
      await client.send(new CreateSecretCommand({ Name: `${instance}/key/${ctShard}/${half}`, SecretString }));
    await secret('public', key.publicPem);
    await secret('private', key.privatePem);
    await writeFile(this.#at('certificates', `${ctShard}.pub.pem`), key.publicPem);
  }

  async pushImages(): Promise<void> {
    const { images, built } = this.#options;
    const own = this.#at('built');
    const environment = { ...process.env } as Record<string, string>;
    await runCommand(imagesBuildCommand, ['--out', own, '--programs', 'tesseract-aws'], { environment });
    const to = ['--registry', `${images.registry}/${instance}`, '--record', this.#at('deployment.json')];
    for (const from of [built, own]) await runCommand(imagesPushCommand, ['--images', from, ...to], { environment });
  }

  /** Deploys everything; nothing may wait. */
  async deploy(): Promise<Deployed> {
    const { aws, unknownTypes } = this.#options;
    const words = ['--config', this.config, '--certificates', this.#at('certificates')];
    await runCommand(awsMaterialCommand, words);
    const deployed = await aws.deploy([...this.#synth(), '-c', 'complete=true'], unknownTypes);
    tellLeftOut(instance, deployed.leftOut);
    return deployed;
  }

  async keys(): Promise<ReadonlyMap<string, RecordedKey>> {
    const file = this.#at('deployment.json');
    return parseDeploymentRecord(await readFile(file), file).keys;
  }

  /** What a client knows of a shard of Rekor. */
  async rekor(shard: string): Promise<{ readonly origin: string; readonly verifier: NoteVerifier }> {
    const file = this.#at('trust-material.json');
    const { rekor } = parseTrustMaterial(await readFile(file), file);
    const found = rekor.find((each) => each.shard === shard);
    if (!found) throw new Error(`${file}: no shard ${shard}`);
    return { origin: found.origin, verifier: rekorNoteVerifier(found.origin, found.publicKey) };
  }

  certificate(id: string): string {
    return this.#at('certificates', `${id}.pem`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.services[Symbol.asyncDispose]();
    await this.abroad[Symbol.asyncDispose]();
  }

  #at(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  #synth(): readonly string[] {
    return ['-c', `config=${this.config}`, '-c', `databaseCa=${this.#options.aws.ca.file}`, '-c', 'writeOnce=false'];
  }
}

function keyOf(keys: ReadonlyMap<string, RecordedKey>, id: string): RecordedKey {
  const key = keys.get(id);
  if (key) return key;
  throw new Error(`${id}: no key`);
}

function configuration(zone: string, { rootPolicy, pool }: SecondInstanceOptions): string {
  const people = (name: string) => `['arn:aws:iam::${account}:role/${name}']`;
  return [
    `instance: { name: ${instance}, domain: ${domain} }`,
    `root: ${rootPolicy}`,
    `issuers: [{ preset: cognito, managed: false, userPool: ${pool.userPool}, clientId: ${pool.clientId} }]`,
    `logs: { rekor: [{ shard: log2027-1 }, { shard: log2027-2, region: ${secondRegion} }], ct: [{ shard: ct2027-1 }] }`,
    `timestamps: [{ name: tsa-1 }, { name: tsa-2, region: ${secondRegion} }]`,
    'aws:',
    `  account: '${account}'`,
    `  regions: [eu-central-1, ${secondRegion}]`,
    `  zone: ${zone}`,
    '  availability: dev',
    '  access: private',
    '  ctLogServer: upstream',
    `  auditors: ${people('security-auditors')}`,
    `  keyAdministrators: ${people('key-administrators')}`,
    '',
  ].join('\n');
}
