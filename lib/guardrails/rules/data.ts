import type { Rule } from '../../../src/core/rules.ts';
import { type GuardedInstance, type Placed, resourcesOf, section } from '../assembly.ts';
import { names, principalsOf, statementsOf } from '../policy.ts';

/** What cannot be made again, or not by the name under which others know it. */
const stateful = [
  ...['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::RDS::DBCluster', 'AWS::Cognito::UserPool', 'AWS::ECR::Repository'],
  ...['AWS::SecretsManager::Secret', 'Custom::ShardDatabase'],
];

/** Stacks whose deletion would take something with it that CloudFormation cannot give back. */
const irreplaceable = [...stateful, 'AWS::CloudTrail::Trail'];

export const dataRules: readonly Rule<GuardedInstance>[] = [
  {
    id: 'stateful-kept',
    title: 'what cannot be made again outlives its stack, and its replacement',
    check: ({ assembly }) =>
      statefulOf(assembly)
        .filter(
          ({ resource: { DeletionPolicy, UpdateReplacePolicy } }) =>
            !(keeps(DeletionPolicy) && keeps(UpdateReplacePolicy)),
        )
        .map(({ where, type, resource: { DeletionPolicy, UpdateReplacePolicy } }) => ({
          where,
          message: `${type}: expected Retain or Snapshot, got ${DeletionPolicy} and ${UpdateReplacePolicy}`,
        })),
  },
  {
    id: 'stack-protected',
    title: 'a stack with what cannot be made again is not deleted by one command',
    check: ({ assembly }) =>
      assembly
        .filter((stack) => resourcesOf([stack], ...irreplaceable).length > 0 && !stack.terminationProtection)
        .map(({ name }) => ({ where: name, message: 'expected termination protection' })),
  },
  {
    id: 'database-protected',
    title: 'a database is encrypted, backed up, and not deleted by one command',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::RDS::DBCluster').flatMap(({ where, properties }) => {
        const { DeletionProtection, StorageEncrypted, BackupRetentionPeriod } = properties;
        return [
          ...(DeletionProtection === true ? [] : [{ where, message: 'expected DeletionProtection' }]),
          ...(StorageEncrypted === true ? [] : [{ where, message: 'expected StorageEncrypted' }]),
          ...(Number(BackupRetentionPeriod) >= 7 ? [] : [{ where, message: 'expected backups of 7 days' }]),
        ];
      }),
  },
  {
    id: 'bucket-not-public',
    title: 'no bucket is public: CloudFront reads for everybody',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::S3::Bucket').flatMap(({ where, properties }) => {
        const block = section(properties, 'PublicAccessBlockConfiguration');
        return ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets']
          .filter((name) => block[name] !== true)
          .map((name) => ({ where, message: `expected ${name}` }));
      }),
  },
  {
    id: 'bucket-versioned',
    title: 'every version of data is kept; of access logs, none is replaced',
    check: ({ assembly, deployment: { aws, names: instance } }) => {
      const logs = new Set(aws.regions.map((region) => instance.bucket('access-logs', region)));
      return resourcesOf(assembly, 'AWS::S3::Bucket')
        .filter(({ properties }) => !logs.has(String(properties['BucketName'])))
        .filter(({ properties }) => section(properties, 'VersioningConfiguration')['Status'] !== 'Enabled')
        .map(({ where }) => ({ where, message: 'expected versions' }));
    },
  },
  {
    id: 'bucket-tls-only',
    title: 'nobody reads or writes a bucket without TLS',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::S3::Bucket')
        .filter((bucket) => !policiesOf(assembly, bucket).some(refusesPlaintext))
        .map(({ where }) => ({ where, message: 'expected a statement that denies aws:SecureTransport false' })),
  },
  {
    id: 'log-group-retention',
    title: 'what a log group keeps ends some day',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::Logs::LogGroup')
        .filter(({ properties }) => !(Number(properties['RetentionInDays']) > 0))
        .map(({ where }) => ({ where, message: 'expected RetentionInDays' })),
  },
];

/** Returns the resources that hold what cannot be made again; a role with a name is one, for policies elsewhere name it. */
export function statefulOf(assembly: GuardedInstance['assembly']): readonly Placed[] {
  return [
    ...resourcesOf(assembly, ...stateful),
    ...resourcesOf(assembly, 'AWS::IAM::Role').filter(({ properties }) => properties['RoleName'] !== undefined),
  ];
}

function keeps(policy: string | undefined): boolean {
  return policy === 'Retain' || policy === 'RetainExceptOnCreate' || policy === 'Snapshot';
}

function policiesOf(assembly: GuardedInstance['assembly'], bucket: Placed) {
  return resourcesOf(assembly, 'AWS::S3::BucketPolicy').filter(({ stack, properties }) => {
    const named = properties['Bucket'];
    if (typeof named === 'string') return named === bucket.properties['BucketName'];
    return stack === bucket.stack && section(properties, 'Bucket')['Ref'] === bucket.id;
  });
}

function refusesPlaintext({ properties }: Placed): boolean {
  return statementsOf(properties['PolicyDocument']).some(
    (statement) =>
      statement['Effect'] === 'Deny' &&
      principalsOf(statement).includes('*') &&
      names(statement, 's3:GetObject') &&
      names(statement, 's3:PutObject') &&
      String(section(statement, 'Condition', 'Bool')['aws:SecureTransport']) === 'false',
  );
}
