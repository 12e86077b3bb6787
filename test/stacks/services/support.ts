import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { databaseCaOf } from '../../../lib/database-ca.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { Names } from '../../../lib/names.ts';
import { type ReadyService, readinessOf } from '../../../lib/readiness.ts';
import { DatabaseStack } from '../../../lib/stacks/database.ts';
import { NetworkStack } from '../../../lib/stacks/network.ts';
import { ServerStack } from '../../../lib/stacks/server.ts';
import { type AwsConfig, type HsmConfig, readConfig } from '../../../src/config/config.ts';
import { parseWitnessPolicy } from '../../../src/config/witness-policy.ts';
import type { CertificateChain } from '../../../src/x509/chain.ts';
import { projectDirectory } from '../../support/instance.ts';
import { issuedFulcioChain, issuedTsaChain, periodAround } from '../../support/issued-chains.ts';
import { materialOf, recordOf } from '../../support/recorded-deployment.ts';
import { newWitnessKey } from '../../support/witness.ts';

export const now = new Date('2026-11-22T10:00:00Z');

/** The instance of `examples/production.yaml`, with other values under `aws` where a test wants them. */
export async function productionDeployment(changes: Partial<AwsConfig> = {}): Promise<Deployment> {
  const config = await readConfig(join(projectDirectory, 'examples', 'production.yaml'));
  if (!config.aws) throw new Error('the example has a section aws');
  const aws = { ...config.aws, ...changes };
  return complete({ config: { ...config, aws }, aws });
}

/** The same with a witness of one shard, by its service id. */
export async function witnessedDeployment(id: string): Promise<Deployment> {
  const { config, aws } = await productionDeployment();
  const file = '/deployment/w.policy';
  const key = newWitnessKey();
  const text = `witness w ${key.vkey} https://witness.example\nquorum w\n`;
  const witnesses = { file, policy: parseWitnessPolicy(text, file) };
  const add = (kind: 'ct' | 'rekor') =>
    config.logs[kind].map((shard) => (`${kind}-${shard.shard}` === id ? { ...shard, witnesses } : shard));
  return complete({ config: { ...config, logs: { ct: add('ct'), rekor: add('rekor') } }, aws });
}

/** The same with the keys of Fulcio, the first timestamp authority and the CT log in an HSM. */
export async function hsmDeployment(
  hsmKey?: (id: string) => KeyObject,
  changes: Partial<Deployment['config']> = {},
  hsm: Partial<HsmConfig> = {},
): Promise<Deployment> {
  const { config, aws } = await productionDeployment();
  const uri = (object: string) => `pkcs11:token=servers;object=${object}` as const;
  const inHsm = { module: '/opt/hsm/lib/module.so', network: '10.64.8.0/22', ports: [2223, 2225], exclusive: false };
  const withHsm = { ...aws, hsm: { ...inHsm, ...hsm } };
  const changed = {
    ...{ ...config, aws: withHsm },
    fulcio: { ...config.fulcio, key: uri('fulcio') },
    logs: { ...config.logs, ct: config.logs.ct.map((shard) => ({ ...shard, key: uri('ct') })) },
    timestamps: config.timestamps.map((one, index) => (index === 0 ? { ...one, key: uri('tsa') } : one)),
    ...changes,
  };
  return await complete({ config: changed, aws: withHsm }, hsmKey);
}

/** The same without a zone: for a trial. */
export async function zonelessDeployment(): Promise<Deployment> {
  const { config, aws } = await productionDeployment();
  const { zone: _, ...rest } = aws;
  return complete({ config: { ...config, aws: rest }, aws: rest });
}

/** Records keys and images for every service of a configuration, and issues the chains of a ceremony. */
export async function complete(
  { config, aws }: Pick<Deployment, 'config' | 'aws'>,
  hsmKey?: (id: string) => KeyObject,
): Promise<Deployment> {
  const { account, keysAccount, regions } = aws;
  const names = new Names({ instance: config.instance.name, account, keysAccount, writeRegion: regions[0] ?? '' });
  const bare: Deployment = {
    ...{ config, aws, names, databaseCa: databaseCaOf, material: undefined },
    record: { keys: new Map(), images: new Map() },
    functions: new Map([['shard-database', join(projectDirectory, 'examples', 'root-signing')]]),
  };
  const record = recordOf(bare, hsmKey);
  return { ...bare, record, material: await materialOf(bare, record, now) };
}

interface ChainOptions {
  readonly notAfter?: Date;
}

export async function fulcioChain(certified: KeyObject, options: ChainOptions = {}): Promise<CertificateChain> {
  return await issuedFulcioChain(certified, { ...periodAround(now), ...options });
}

export async function tsaChain(certified: KeyObject, options: ChainOptions = {}): Promise<CertificateChain> {
  return await issuedTsaChain(certified, 'tsa', { ...periodAround(now), ...options });
}

/** Returns a service that is ready. */
export function readyService(deployment: Deployment, id: string): ReadyService {
  const service = readinessOf(deployment, { now }).ready.find((ready) => ready.id === id);
  if (!service) throw new Error(`${id} is not ready`);
  return service;
}

/** Without the rules of aws-cdk-lib, which take seconds: the whole assembly is made with them. */
export function plainApp(): App {
  return new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
}

/** Synthesises every stack of the services, once: templates by stack name without the instance's. */
export function synthesise(deployment: Deployment): ReadonlyMap<string, Template> {
  const app = plainApp();
  const { names, aws } = deployment;
  const { ready } = readinessOf(deployment, { now });
  const stacks = aws.regions.flatMap((region): Stack[] => {
    const network = new NetworkStack(app, names.stack('network', region), { deployment, region });
    const database = new DatabaseStack(app, names.stack('database', region), { deployment, region, network });
    return [network, database, ...ready.filter((service) => service.region === region).map(stackOf)];

    function stackOf(service: ReadyService): Stack {
      const isLog = service.log !== undefined;
      const props = { deployment, service, network, ...(isLog && { database }) };
      return new ServerStack(app, names.stack(service.id, region), props);
    }
  });
  return new Map(stacks.map((stack) => [stack.stackName.slice(names.instance.length + 1), Template.fromStack(stack)]));
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

export function resourcesOf(template: Template | undefined, type: string): readonly Resource[] {
  if (!template) throw new Error('no such stack');
  return Object.values(template.findResources(type)) as unknown as readonly Resource[];
}

/** The only resource of a type. */
export function resourceOf(template: Template | undefined, type: string): Resource {
  const [only, ...others] = resourcesOf(template, type);
  if (!only || others.length > 0) throw new Error(`expected one ${type}`);
  return only;
}

export interface Container {
  readonly Name: string;
  readonly Image: string;
  readonly Command: readonly unknown[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: unknown }[];
  readonly StopTimeout: number;
}

/** The task definitions of a template. */
export function tasksOf(template: Template | undefined) {
  return resourcesOf(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => ({
    family: Properties['Family'],
    properties: Properties,
    containers: Properties['ContainerDefinitions'] as readonly Container[],
  }));
}
