import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { awsMaterialCommand } from '../../../operate/aws/material.ts';
import { awsRecordCommand } from '../../../operate/aws/record.ts';
import { cognitoTokens } from '../../../operate/functions/probing/cognito-tokens.ts';
import { imagesBuildCommand, imagesPushCommand } from '../../../operate/images-commands.ts';
import { type DeploymentRecord, parseDeploymentRecord } from '../../../src/services/deployment.ts';
import { projectDirectory } from '../instance.ts';
import { runCommand } from '../invocation.ts';
import { serverPath } from '../servers.ts';
import { tellLeftOut, unknownEverywhere } from './cdk.ts';
import { Ceremony } from './ceremony.ts';
import { clientHost } from './client-host.ts';
import { account, EmulatedAws, keysAccount } from './emulated-aws.ts';
import { type Destination, Front } from './front.ts';
import { addPoolUser, type Pool } from './identity.ts';
import { type Identity, ownIdentity } from './identity-of.ts';
import { ImageFiles } from './image-files.ts';
import { createPeople } from './roles.ts';
import { Services } from './services.ts';
import type { Stage } from './stage.ts';

/** Types of resources that the emulator does not know. The list may only become shorter. */
export const unknownToTheEmulator: ReadonlySet<string> = new Set([
  ...unknownEverywhere,
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CloudFront::VpcOrigin',
  'AWS::Cognito::ManagedLoginBranding',
]);

export const domain = 'sigstore.acme.example';
const instance = 'acme';
const people = ['key-administrators', 'incident-commanders', 'security-auditors', 'ceremony-coordinators'];
const deployedServices = ['ct-ct2026-1', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2', 'fulcio'];
const certified = [
  { service: 'fulcio', root: 'fulcio-root', profile: 'fulcio-intermediate' },
  { service: 'timestamp-tsa-1', root: 'tsa-root-1', profile: 'tsa-leaf' },
  { service: 'timestamp-tsa-2', root: 'tsa-root-2', profile: 'tsa-leaf' },
] as const;

interface Parts {
  readonly aws: EmulatedAws;
  readonly ceremony: Ceremony;
  readonly config: string;
  readonly images: ImageFiles;
  readonly services: Services;
}

/** production.yaml on emulated AWS: the steps in which an engineer deploys it, each to be taken once and in this order. */
export class Deployment implements AsyncDisposable {
  readonly aws: EmulatedAws;
  readonly ceremony: Ceremony;
  /** File of the configuration. */
  readonly config: string;
  readonly images: ImageFiles;
  readonly services: Services;
  /** Path of the emulator below which its load balancer answers. */
  loadBalancer = '';
  #pool: Pool = { userPool: '', clientId: '' };
  #rootFile = '';
  #distributions: ReadonlyMap<string, string> = new Map();
  readonly #synth: readonly string[];
  readonly #resources: AsyncDisposableStack;

  private constructor({ aws, ceremony, config, images, services }: Parts, resources: AsyncDisposableStack) {
    this.aws = aws;
    this.ceremony = ceremony;
    this.config = config;
    this.images = images;
    this.services = services;
    this.#resources = resources;
    this.#synth = ['-c', `config=${config}`, '-c', `databaseCa=${aws.ca.file}`, '-c', 'writeOnce=false'];
  }

  static async begin(): Promise<Deployment> {
    await using resources = new AsyncDisposableStack();
    const aws = resources.use(await EmulatedAws.begin());
    for (const each of people) {
      aws.become(account);
      await createPeople(account, each);
    }
    const zone = await aws.createZone(domain);
    const config = join(aws.directory, 'sigstead.yaml');
    const ceremony = await Ceremony.begin(join(aws.directory, 'ceremony'));
    await writeFile(config, await configuration(zone, ceremony));
    const crane = await serverPath('crane');
    const images = resources.use(await ImageFiles.serve({ crane, directory: join(aws.directory, 'images') }));
    const services = resources.use(new Services(aws, images, instance));
    const deployment = new Deployment({ aws, ceremony, config, images, services }, resources.move());
    try {
      await deployment.#beginFront();
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
    return deployment;
  }

  get recordFile(): string {
    return this.#at('deployment.json');
  }

  /** Deploys what can be before a ceremony; returns what the synthesis said. */
  async bootstrap(): Promise<string> {
    await this.aws.bootstrap();
    const { said, outputs } = await this.aws.deploy(this.#synth, unknownToTheEmulator);
    const { UserPoolId: userPool = '', ClientId: clientId = '' } = outputs[`${instance}-Oidc`] ?? {};
    this.#pool = { userPool, clientId };
    const known = `{ preset: cognito, userPool: ${userPool}, clientId: ${clientId} }`;
    await writeFile(this.config, (await readFile(this.config, 'utf8')).replace('{ preset: cognito }', known));
    return said;
  }

  async pushImages(): Promise<DeploymentRecord> {
    const environment = { ...process.env } as Record<string, string>;
    await runCommand(imagesBuildCommand, ['--out', this.#at('built')], { environment });
    const registry = `${this.images.registry}/${instance}`;
    const push = ['--images', this.#at('built'), '--registry', registry, '--record', this.recordFile];
    await runCommand(imagesPushCommand, push, { environment });
    return await this.#record();
  }

  /** Has the auditor record the public keys, and a ceremony certify them and hold its first event; returns who published. */
  async certifyKeys(): Promise<Identity> {
    const files = ['--config', this.config, '--deployment', this.aws.directory];
    const keysDirectory = this.#at('public-keys');
    const record = async () => runCommand(awsRecordCommand, [...files, '--keys', keysDirectory]);
    await this.aws.as('security-auditors', 'acme-auditor', record);
    for (const each of certified) await this.ceremony.certify(each, join(keysDirectory, `${each.service}.pub.pem`));
    const targets = join(this.ceremony.rootSigning, 'targets');
    const words = ['--certificates', this.ceremony.certificates, '--targets', targets];
    await runCommand(awsMaterialCommand, [...files, ...words]);
    const { keys } = await this.#record();
    return await this.aws.as('ceremony-coordinators', 'acme-publisher-task', async () => {
      const online = keys.get('tuf-online')?.arn ?? '';
      this.#rootFile = await this.ceremony.genesis(online, `s3://acme-tuf-${account}-eu-central-1`);
      return await ownIdentity();
    });
  }

  /** Returns the types of resources that were left out. */
  async deployWhole(): Promise<readonly string[]> {
    const { leftOut } = await this.aws.deploy([...this.#synth, '-c', 'complete=true'], unknownToTheEmulator);
    tellLeftOut(instance, leftOut);
    return [...leftOut.keys()];
  }

  /** Starts every server from its registered task definition, with the credentials of its task role. */
  async start(): Promise<void> {
    for (const id of deployedServices) await this.services.start(id);
    const balancer = await this.services.loadBalancer();
    this.#distributions = await this.services.distributions();
    this.loadBalancer = `/_alb/${balancer}`;
  }

  /** Adds a person to the user pool; returns everything that comes after that. */
  async openStage(): Promise<Stage> {
    const { aws, services, images, ceremony, config, recordFile } = this;
    const pool = this.#pool;
    const user = await addPoolUser(pool, 'signer@acme.example');
    const url = `${aws.emulator.endpoint}/`;
    const login = { source: 'cognito', url, clientId: pool.clientId, ...user, username: user.email } as const;
    const clients = await clientHost({
      host: await aws.network.addHost(),
      directory: aws.directory,
      caBundle: await services.caBundle(),
      cosign: await serverPath('cosign'),
    });
    const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${pool.userPool}`;
    return {
      ...{ aws, services, images, built: this.#at('built'), ceremony, clients, config, recordFile, pool, user },
      ...{ synth: this.#synth, unknownTypes: unknownToTheEmulator },
      anchor: { tufUrl: `https://tuf.${domain}`, rootFile: this.#rootFile },
      expected: { identity: user.email, issuer },
      redeploy: async (stack) => {
        await aws.deploy([...this.#synth, '-c', 'complete=true'], unknownToTheEmulator, [stack, '--exclusively']);
      },
      token: async () => cognitoTokens(login, { now: new Date() }).token(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #beginFront(): Promise<void> {
    const { network, names, emulator, ca } = this.aws;
    names.setBelow(domain, network.address);
    const front = await Front.begin({
      ...{ address: network.address, emulator: emulator.address, ca: ca.pem },
      route: (host, incoming) => this.#route(host, incoming),
      tls: await ca.issue('instance', `*.${domain}`),
    });
    this.#resources.use(front);
  }

  /** As the behaviours of the distributions say; the emulator has no VPC origins, through which requests go to the load balancer. */
  #route(host: string, { method = '', url = '' }: IncomingMessage): Destination {
    const toServer = method === 'POST' || /^\/api\/v[12]\/(?:timestamp|trustBundle|configuration)/.test(url);
    return toServer ? { host, prefix: this.loadBalancer } : { host: this.#distributions.get(host) ?? host, prefix: '' };
  }

  async #record(): Promise<DeploymentRecord> {
    return parseDeploymentRecord(await readFile(this.recordFile), 'deployment.json');
  }

  #at(name: string): string {
    return join(this.aws.directory, name);
  }
}

/** production.yaml, but for the zone, which AWS numbers, the keys' account, and where the root of trust is. */
async function configuration(zone: string, ceremony: Ceremony): Promise<string> {
  const text = await readFile(join(projectDirectory, 'examples', 'production.yaml'), 'utf8');
  return (
    text
      .replace(/^ {2}zone: \w+$/m, `  zone: ${zone}`)
      .replaceAll(keysAccount, account)
      // People who log in at a pool of the deployment.
      .replace(/^issuers:$/m, 'issuers:\n  - { preset: cognito }')
      .replace('root: root-signing/policy.yaml', `root: ${join(ceremony.rootSigning, 'policy.yaml')}`)
  );
}
