import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { type BootstrapPlace, bootstrapRoleArn } from './key-role-policy.ts';
import { type PolicyDocument, policyOf, type Statement, unlessRole } from './statement.ts';

export interface BucketAccess {
  readonly deployment: Deployment;
  readonly region: string;
  readonly bucketArn: string;
  /** Qualifier of `cdk bootstrap` in the account. @default hnb659fds */
  readonly qualifier?: string | undefined;
  /** What is replaced; whatever else is in the bucket is written once. */
  readonly replaced: readonly string[];
  /** What may be deleted (it stays as a version). @default nothing */
  readonly removed?: readonly string[];
  /** Roles that may write, and nobody else whatever their own policies say. @default whom their policies let */
  readonly writers?: readonly string[];
  /** What nobody may write. @default nothing */
  readonly unwritable?: readonly string[];
  /** Whether CloudFront reads. */
  readonly published: boolean;
  /** Roles of the keys' account that read. @default none */
  readonly readers?: readonly string[];
  /** False only where the storage does not know the condition key `s3:if-none-match`. @default true */
  readonly writeOnce?: boolean | undefined;
}

/**
 * Returns the policy of a bucket that keeps what cannot be made again. It mostly denies: within an account every policy
 * of a role can allow, and these hold against the account's administrators too, short of its root user.
 */
export function bucketPolicy(access: BucketAccess): PolicyDocument {
  const { writers, unwritable = [], readers = [], writeOnce = true } = access;
  return policyOf(
    ...(access.published ? cloudFrontReads(access) : []),
    ...(readers.length > 0 ? [auditorReads(access, readers)] : []),
    breakGlassRemoves(access),
    onlyTls(access),
    keepVersions(access),
    keepObjects(access),
    keepConfiguration(access.bucketArn, { ...access, account: access.deployment.names.account }),
    noReplicas(access.bucketArn),
    ...(writeOnce ? [writtenOnce(access)] : []),
    ...(writers ? [onlyWriters(access, writers)] : []),
    ...(unwritable.length > 0 ? [neverWritten(access, unwritable)] : []),
  );
}

/** CloudFront signs its requests (origin access control); the condition keeps out the distributions of others. */
function cloudFrontReads({ deployment, region, bucketArn }: BucketAccess): readonly Statement[] {
  const ours = `arn:${partitionOf(region)}:cloudfront::${deployment.names.account}:distribution/*`;
  const read = {
    ...{ Effect: 'Allow' as const, Principal: { Service: 'cloudfront.amazonaws.com' } },
    Condition: { ArnLike: { 'aws:SourceArn': ours } },
  };
  return [
    { Sid: 'Published', ...read, Action: 's3:GetObject', Resource: `${bucketArn}/*` },
    // So that a missing object is 404: clients take 403 for an error, and 404 for the end.
    { Sid: 'PublishedAsMissing', ...read, Action: 's3:ListBucket', Resource: bucketArn },
  ];
}

function auditorReads({ bucketArn }: BucketAccess, readers: readonly string[]): Statement {
  const Resource = [bucketArn, `${bucketArn}/*`];
  return {
    ...{ Sid: 'Audit', Effect: 'Allow', Principal: { AWS: readers } },
    ...{ Action: ['s3:GetObject', 's3:ListBucket'], Resource },
  };
}

/** The role is in the keys' account, so its own policy is not enough. */
function breakGlassRemoves({ deployment, bucketArn }: BucketAccess): Statement {
  return {
    ...{ Sid: 'BreakGlass', Effect: 'Allow', Principal: { AWS: deployment.names.keyRoleArn('break-glass') } },
    Action: [
      ...['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention', 's3:GetObjectVersion'],
      's3:ListBucketVersions',
    ],
    Resource: [bucketArn, `${bucketArn}/*`],
  };
}

function onlyTls({ bucketArn }: BucketAccess): Statement {
  return {
    ...everybody('OnlyTls', 's3:*', [bucketArn, `${bucketArn}/*`]),
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

function keepVersions({ deployment, bucketArn }: BucketAccess): Statement {
  return {
    ...everybody('KeepVersions', ['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], `${bucketArn}/*`),
    ...unlessRole(deployment.names.keyRoleArn('break-glass')),
  };
}

/** A deletion only hides an object; but what is hidden is what a lifecycle rule may remove, and a log with a gap. */
function keepObjects({ deployment, bucketArn, removed = [] }: BucketAccess): Statement {
  return {
    ...{ Sid: 'KeepObjects', Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject' },
    ...objectsBut(bucketArn, removed),
    ...unlessRole(deployment.names.keyRoleArn('break-glass')),
  };
}

/** What protects a bucket is changed by deployments only. */
export function keepConfiguration(bucketArn: string, place: BootstrapPlace): Statement {
  const deployer = bootstrapRoleArn('cfn-exec', place);
  return { ...everybody('KeepConfiguration', configuration, bucketArn), ...unlessRole(deployer) };
}

const configuration = [
  ...['s3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:PutBucketPublicAccessBlock', 's3:PutBucketOwnershipControls'],
  ...['s3:PutBucketVersioning', 's3:PutBucketObjectLockConfiguration', 's3:PutLifecycleConfiguration'],
  ...['s3:PutReplicationConfiguration', 's3:PutEncryptionConfiguration', 's3:DeleteBucket'],
];

/**
 * Replication from another bucket writes and hides objects by permissions of its own names, which no rule about
 * PutObject and DeleteObject is about.
 */
export function noReplicas(bucketArn: string): Statement {
  const actions = [
    's3:ReplicateObject',
    's3:ReplicateDelete',
    's3:ReplicateTags',
    's3:ObjectOwnerOverrideToBucketOwner',
  ];
  return everybody('NoReplicas', actions, `${bucketArn}/*`);
}

/** A write says `If-None-Match: *`, so that S3 refuses it where something is: history cannot be rewritten in place. */
function writtenOnce({ bucketArn, replaced }: BucketAccess): Statement {
  return {
    ...{ Sid: 'WrittenOnce', Effect: 'Deny', Principal: '*', Action: 's3:PutObject' },
    ...objectsBut(bucketArn, replaced),
    Condition: { Null: { 's3:if-none-match': 'true' } },
  };
}

function onlyWriters({ bucketArn }: BucketAccess, writers: readonly string[]): Statement {
  const nobody = everybody('OnlyItsWriters', 's3:PutObject', `${bucketArn}/*`);
  return writers.length === 0 ? nobody : { ...nobody, ...unlessRole(...writers) };
}

function neverWritten({ bucketArn }: BucketAccess, paths: readonly string[]): Statement {
  return everybody(
    'NeverWritten',
    's3:PutObject',
    paths.map((path) => `${bucketArn}/${path}`),
  );
}

function objectsBut(bucketArn: string, paths: readonly string[]): Pick<Statement, 'Resource' | 'NotResource'> {
  return paths.length > 0
    ? { NotResource: paths.map((path) => `${bucketArn}/${path}`) }
    : { Resource: `${bucketArn}/*` };
}

function everybody(Sid: string, Action: string | readonly string[], Resource: string | readonly string[]) {
  return { Sid, Effect: 'Deny', Principal: '*', Action, Resource } as const satisfies Statement;
}
