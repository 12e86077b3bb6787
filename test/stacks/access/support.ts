import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { auditRegions } from '../../../lib/access/audit-rules.ts';
import { functionNames } from '../../../lib/access/function-policy.ts';
import { isLog, keyRegions, placedKeys, placedServices } from '../../../lib/access/placement.ts';
import type { PolicyDocument } from '../../../lib/access/statement.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { Names } from '../../../lib/names.ts';
import { AuditStack } from '../../../lib/stacks/audit.ts';
import { KeyRolesStack } from '../../../lib/stacks/key-roles.ts';
import { KeysStack } from '../../../lib/stacks/keys.ts';
import { LogDataStack } from '../../../lib/stacks/log-data.ts';
import { MonitoringStack } from '../../../lib/stacks/monitoring.ts';
import { NetworkStack } from '../../../lib/stacks/network.ts';
import { RolesStack } from '../../../lib/stacks/roles.ts';
import { TrustDataStack } from '../../../lib/stacks/trust-data.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { emptyRecord, type RecordedKey, tufOnlineKey } from '../../../src/services/deployment.ts';
import { projectDirectory } from '../../support/instance.ts';
import { bucketsResolved } from './intrinsics.ts';

export const mainAccount = '012345678901';
export const keysAccount = '210987654321';
export const people = {
  administrators: `arn:aws:iam::${keysAccount}:role/key-administrators`,
  commanders: `arn:aws:iam::${keysAccount}:user/commander`,
  auditors: `arn:aws:iam::${keysAccount}:role/auditors`,
  coordinators: `arn:aws:iam::${mainAccount}:role/coordinators`,
};

export interface SampleOptions {
  /** Account of the keys. @default another one than the main one */
  readonly keysAccount?: string;
  /** Whether the keys were recorded already. @default true */
  readonly recorded?: boolean;
  /** Whether anybody may be one of the people's roles. @default true */
  readonly staffed?: boolean;
  /** @default kms */
  readonly ctLogServer?: 'kms' | 'upstream';
  /** @default public */
  readonly access?: 'public' | 'private';
}

/** Returns an instance of two regions: one shard of each kind at least, and two timestamp authorities. */
export function sampleDeployment(options: SampleOptions = {}): Deployment {
  const { recorded = true, staffed = true, ctLogServer = 'kms', access = 'public' } = options;
  const keys = options.keysAccount ?? keysAccount;
  const config = parseConfig(configText({ keys, staffed, ctLogServer, access }), '/deployment/sigstead.yaml');
  if (config.aws === undefined) throw new Error('expected a section aws');
  const aws = config.aws;
  const names = new Names({
    ...{ instance: config.instance.name, account: aws.account, keysAccount: aws.keysAccount },
    writeRegion: aws.regions[0] ?? '',
  });
  const deployment = {
    ...{ config, aws, names, record: emptyRecord, material: undefined },
    ...{ databaseCa: () => '', functions: new Map() },
  };
  return recorded ? { ...deployment, record: { ...emptyRecord, keys: recordedKeys(deployment) } } : deployment;
}

/** ARNs as KMS would have given them, in the order of the keys. */
function recordedKeys(deployment: Deployment): ReadonlyMap<string, RecordedKey> {
  return new Map(
    placedKeys(deployment).map(({ id, region }, index) => {
      const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
      return [id, { arn: `arn:aws:kms:${region}:${deployment.names.keysAccount}:key/${uuid}`, publicKey: aPublicKey }];
    }),
  );
}

const aPublicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

function configText(options: {
  readonly keys: string;
  readonly staffed: boolean;
  readonly ctLogServer: string;
  readonly access: string;
}): string {
  const list = (principal: string) => (options.staffed ? `['${principal}']` : '[]');
  return `
instance: { name: acme, domain: sigstore.acme.example }
root: policy.yaml
issuers: [{ preset: github-actions }]
logs:
  ct: [{ shard: ct2026-1 }]
  rekor: [{ shard: log2026-1 }, { shard: log2026-2, region: eu-west-1 }]
timestamps: [{ name: tsa-1 }, { name: tsa-2, region: eu-west-1 }]
monitors: { alerts: [{ sns: security }] }
aws:
  account: '${mainAccount}'
  keysAccount: '${options.keys}'
  regions: [eu-central-1, eu-west-1]
  keyAdministrators: ${list(people.administrators)}
  breakGlass: ${list(people.commanders)}
  auditors: ${list(people.auditors)}
  publishers: ${list(people.coordinators)}
  ctLogServer: ${options.ctLogServer}
  access: ${options.access}
`;
}

/** The templates of the stacks of an instance, by stack id. */
export type Templates = ReadonlyMap<string, Template>;

/** Synthesises every stack about access, without the rules of aws-cdk-lib, which take seconds per process. */
export function synthesise(deployment: Deployment): Templates {
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  const { aws, names } = deployment;
  const region = names.writeRegion;
  const stacks: Stack[] = [
    new RolesStack(app, 'Roles', { deployment, region }),
    new KeyRolesStack(app, 'KeyRoles', { deployment, region }),
    ...keyRegions(deployment).map((place) => new KeysStack(app, `Keys-${place}`, { deployment, region: place })),
    ...aws.regions.map((place) => new TrustDataStack(app, `TrustData-${place}`, { deployment, region: place })),
    ...placedServices(deployment)
      .filter(isLog)
      .map((log) => new LogDataStack(app, `LogData-${log.id}`, { deployment, region: log.region, log: log.id })),
    ...monitoringOf(app, deployment),
    ...(names.keysAccount === names.account ? (['main'] as const) : (['main', 'keys'] as const)).flatMap((account) =>
      auditRegions(deployment, account).map(
        (place) => new AuditStack(app, `Audit-${account}-${place}`, { deployment, region: place, account }),
      ),
    ),
  ];
  return new Map(stacks.map((stack) => [stack.node.id, Template.fromStack(stack)]));
}

/** Synthesises the networks, each of which has a bucket for access logs, whose policy depends on `cdk.json`. */
export function synthesiseNetworks(deployment: Deployment): Templates {
  const file = readFileSync(join(projectDirectory, 'cdk.json'), 'utf8');
  const { context } = JSON.parse(file) as { readonly context: Record<string, unknown> };
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false, context });
  const named = { ...deployment, aws: { ...deployment.aws, zone: 'Z0123456789ABCDEFGHIJ' } };
  const stacks = deployment.aws.regions.map(
    (region) => new NetworkStack(app, `Network-${region}`, { deployment: named, region }),
  );
  return new Map(stacks.map((stack) => [stack.node.id, Template.fromStack(stack)]));
}

/** It holds a bucket, which is the same wherever the functions run; without a recorded online key it cannot be made. */
function monitoringOf(app: App, deployment: Deployment): readonly Stack[] {
  if (!deployment.record.keys.has(tufOnlineKey)) return [];
  const aws = { ...deployment.aws, access: 'public' as const };
  // Nothing of the functions runs: any directory is one.
  const code = join(projectDirectory, 'examples', 'root-signing');
  const functions = new Map(functionNames.map((name) => [name, code] as const));
  return [new MonitoringStack(app, 'Monitoring', { deployment: { ...deployment, aws, functions } })];
}

/** The resources of one type in a template, by logical id. */
export function resources(template: Template | undefined, type: string): readonly [string, Resource][] {
  if (template === undefined) throw new Error('no such stack');
  return Object.entries(template.findResources(type)) as [string, Resource][];
}

export interface Resource {
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** Every role's own policy, by role name; and the policy of each key and bucket, by key id and bucket name. */
export interface Policies {
  readonly roles: Map<string, PolicyDocument>;
  readonly keys: Map<string, PolicyDocument>;
  readonly buckets: Map<string, PolicyDocument>;
}

/** Reads the policies out of the templates, as CloudFormation would put them. */
export function policiesOf(templates: Templates): Policies {
  const policies: Policies = { roles: new Map(), keys: new Map(), buckets: new Map() };
  for (const template of templates.values()) {
    for (const [, { Properties: role }] of resources(template, 'AWS::IAM::Role')) {
      const own = (role['Policies'] ?? []) as readonly { readonly PolicyDocument: PolicyDocument }[];
      const Statement = own.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      policies.roles.set(String(role['RoleName']), { Version: '2012-10-17', Statement });
    }
    for (const [, { Properties: key }] of resources(template, 'AWS::KMS::Key')) {
      const tags = key['Tags'] as readonly { readonly Key: string; readonly Value: string }[];
      const id = tags.find(({ Key }) => Key === 'sigstead:key')?.Value ?? '';
      policies.keys.set(id, key['KeyPolicy'] as PolicyDocument);
    }
    for (const [, { Properties: policy }] of resources(template, 'AWS::S3::BucketPolicy')) {
      const { Bucket, PolicyDocument } = bucketsResolved(policy, template) as Record<string, unknown>;
      policies.buckets.set(String(Bucket), PolicyDocument as PolicyDocument);
    }
  }
  return policies;
}
