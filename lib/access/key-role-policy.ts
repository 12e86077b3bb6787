import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { memoryOwner } from './function-policy.ts';
import { isLog, placedServices } from './placement.ts';
import type { Statement } from './statement.ts';

export type KeyRole = 'key-administrator' | 'break-glass' | 'keys-deployment' | 'auditor';

/** Qualifier of `cdk bootstrap`, which is in the names of its roles. */
export const defaultQualifier = 'hnb659fds';

/**
 * Returns what a role beside the keys may do by its own policy. On a key, that key's policy decides in the end; these
 * statements are what is needed besides, for lists and aliases, and for what is in the other account.
 */
export function keyRoleStatements(role: KeyRole, deployment: Deployment): readonly Statement[] {
  return byRole[role](deployment);
}

const byRole: Readonly<Record<KeyRole, (deployment: Deployment) => readonly Statement[]>> = {
  'key-administrator': (deployment) => [
    lists,
    // Whoever points an alias elsewhere needs permission on the alias besides that on the keys.
    { Sid: 'Aliases', Effect: 'Allow', Action: 'kms:UpdateAlias', Resource: aliases(deployment) },
  ],
  'break-glass': (deployment) => [lists, ...removal(deployment)],
  auditor: (deployment) => [
    lists,
    { Sid: 'Trail', Effect: 'Allow', Action: 'cloudtrail:LookupEvents', Resource: '*' },
    // The ARNs of the keys are outputs of the stacks that made them.
    { Sid: 'Stacks', Effect: 'Allow', Action: 'cloudformation:DescribeStacks', Resource: stacks(deployment) },
    { Sid: 'ReadRecords', Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: records(deployment) },
    { Sid: 'ReadMemory', Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: memory(deployment) },
  ],
  'keys-deployment': (deployment) => [
    createKeys,
    ...createdAsMeant,
    // To a key that is not there yet, for which no key policy speaks.
    { Sid: 'Keys', Effect: 'Allow', Action: 'kms:TagResource', Resource: keys(deployment) },
    { Sid: 'Aliases', Effect: 'Allow', Action: ['kms:CreateAlias', 'kms:UpdateAlias'], Resource: aliases(deployment) },
    lists,
  ],
};

const lists: Statement = {
  Sid: 'Lists',
  Effect: 'Allow',
  Action: ['kms:ListKeys', 'kms:ListAliases'],
  Resource: '*',
};

const createKeys: Statement = { Sid: 'CreateKeys', Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' };

/** No key for anything but signatures, none that has copies in other regions, none that its author locks itself out of. */
const createdAsMeant: readonly Statement[] = [
  {
    ...refuse('OnlySigningKeys', 'kms:CreateKey'),
    Condition: { Null: { 'kms:KeyUsage': 'false' }, StringNotEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' } },
  },
  { ...refuse('OneRegion', 'kms:CreateKey'), Condition: { Bool: { 'kms:MultiRegion': 'true' } } },
  {
    ...refuse('KeptManageable', ['kms:CreateKey', 'kms:PutKeyPolicy']),
    Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
  },
];

function refuse(Sid: string, Action: string | readonly string[]): Statement {
  return { Sid, Effect: 'Deny', Action, Resource: '*' };
}

function keys({ names, aws }: Deployment): readonly string[] {
  return aws.regions.map((region) => `arn:${partitionOf(region)}:kms:${region}:${names.keysAccount}:key/*`);
}

function aliases({ names, aws }: Deployment): readonly string[] {
  return aws.regions.flatMap((region) => [
    `arn:${partitionOf(region)}:kms:${region}:${names.keysAccount}:${names.keyAlias('*')}`,
  ]);
}

function stacks({ names, aws }: Deployment): readonly string[] {
  const name = `stack/${names.instance}-*`;
  return aws.regions.map(
    (region) => `arn:${partitionOf(region)}:cloudformation:${region}:${names.keysAccount}:${name}`,
  );
}

/** The only way to take out of a bucket what must not be kept. */
function removal(deployment: Deployment): readonly Statement[] {
  const objects = dataBuckets(deployment).map((bucket) => `${bucket}/*`);
  return [
    {
      ...{ Sid: 'RemoveVersions', Effect: 'Allow', Resource: objects },
      Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention', 's3:GetObjectVersion'],
    },
    { Sid: 'ListVersions', Effect: 'Allow', Action: 's3:ListBucketVersions', Resource: dataBuckets(deployment) },
  ];
}

function records({ names, aws }: Deployment): readonly string[] {
  return aws.regions.map((region) => names.bucketArn('records', region)).flatMap((bucket) => [bucket, `${bucket}/*`]);
}

function memory({ names }: Deployment): readonly string[] {
  const bucket = names.bucketArn(memoryOwner, names.writeRegion);
  return [bucket, `${bucket}/*`];
}

/** Returns the ARNs of the buckets that keep what cannot be made again. */
export function dataBuckets(deployment: Deployment): readonly string[] {
  const { names, aws } = deployment;
  return [
    names.bucketArn('tuf', names.writeRegion),
    names.bucketArn(memoryOwner, names.writeRegion),
    ...aws.regions.map((region) => names.bucketArn('records', region)),
    ...placedServices(deployment)
      .filter(isLog)
      .map(({ id, region }) => names.bucketArn(id, region)),
  ];
}

/** Returns the name of a role that `cdk bootstrap` made in an account and region. */
export function bootstrapRole(kind: 'deploy' | 'cfn-exec', place: BootstrapPlace): string {
  return `${bootstrapRoles(place.qualifier)}${kind}-role-${place.account}-${place.region}`;
}

/** Returns how the names of all roles begin that `cdk bootstrap` made. */
export function bootstrapRoles(qualifier = defaultQualifier): string {
  return `cdk-${qualifier}-`;
}

export function bootstrapRoleArn(kind: 'deploy' | 'cfn-exec', place: BootstrapPlace): string {
  return `arn:${partitionOf(place.region)}:iam::${place.account}:role/${bootstrapRole(kind, place)}`;
}

export interface BootstrapPlace {
  readonly account: string;
  readonly region: string;
  readonly qualifier?: string | undefined;
}

/** Returns what lets a deployment hand CloudFormation the role of the Keys stacks, and no other service. */
export function passKeysDeployment({ names }: Deployment): Statement {
  return {
    ...{ Sid: 'PassKeysDeployment', Effect: 'Allow', Action: 'iam:PassRole' },
    Resource: names.keyRoleArn('keys-deployment'),
    Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
  };
}
