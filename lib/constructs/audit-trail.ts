import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { watchedBuckets } from '../access/audit-rules.ts';
import { keepConfiguration, noReplicas } from '../access/bucket-policy.ts';
import type { BootstrapPlace } from '../access/key-role-policy.ts';
import { policyOf, type Statement } from '../access/statement.ts';
import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { lockedBucket } from './data-bucket.ts';

export interface AuditTrailProps {
  readonly deployment: Deployment;
  readonly account: string;
  readonly side: 'main' | 'keys';
  /** Qualifier of `cdk bootstrap` in the account. @default hnb659fds */
  readonly qualifier?: string | undefined;
}

/** The trail of an account, in all regions, with digests by which a removed or changed file is noticed. */
export class AuditTrail extends Construct {
  constructor(scope: Construct, id: string, { deployment, account, side, qualifier }: AuditTrailProps) {
    super(scope, id);
    const { names } = deployment;
    const trailName = `${names.instance}-audit`;
    const region = names.writeRegion;
    const trailArn = `arn:${partitionOf(region)}:cloudtrail:${region}:${account}:trail/${trailName}`;
    const owner = side === 'main' ? 'audit' : 'audit-keys';
    const bucket = new CfnBucket(this, 'Bucket', {
      ...lockedBucket({ retentionDays: 400 }),
      bucketName: names.bucket(owner, region),
    });
    bucket.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const policyDocument = trailPolicy(names.bucketArn(owner, region), trailArn, { account, region, qualifier });
    const policy = new CfnBucketPolicy(this, 'Policy', { bucket: names.bucket(owner, region), policyDocument });
    policy.addResourceDependency(bucket);
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'only CloudTrail writes, what it wrote is its log',
    });
    const trail = new CfnTrail(this, 'Trail', {
      ...{ trailName, s3BucketName: bucket.ref, isLogging: true },
      ...{ isMultiRegionTrail: true, includeGlobalServiceEvents: true, enableLogFileValidation: true },
      advancedEventSelectors: [everyManagementEvent, ...(side === 'main' ? [removals(deployment)] : [])],
    });
    trail.addResourceDependency(policy);
  }
}

/** No field that leaves events of KMS out: most of them are signatures, and those are what this is for. */
const everyManagementEvent: CfnTrail.AdvancedEventSelectorProperty = {
  name: 'management events',
  fieldSelectors: [{ field: 'eventCategory', equalTo: ['Management'] }],
};

/** Not each write: a log replaces its checkpoint every second. */
function removals(deployment: Deployment): CfnTrail.AdvancedEventSelectorProperty {
  return {
    name: 'removals from the buckets',
    fieldSelectors: [
      { field: 'eventCategory', equalTo: ['Data'] },
      { field: 'resources.type', equalTo: ['AWS::S3::Object'] },
      { field: 'eventName', equalTo: ['DeleteObject', 'DeleteObjects', 'PutObjectRetention', 'PutObjectLegalHold'] },
      { field: 'resources.ARN', startsWith: [...watchedBuckets(deployment)] },
    ],
  };
}

function trailPolicy(bucketArn: string, trailArn: string, place: BootstrapPlace) {
  const service = 'cloudtrail.amazonaws.com';
  const trail = {
    ...{ Effect: 'Allow' as const, Principal: { Service: service } },
    Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
  };
  const everybody = { Effect: 'Deny', Principal: '*', Resource: [bucketArn, `${bucketArn}/*`] } as const;
  const statements: readonly Statement[] = [
    { Sid: 'TrailLooks', ...trail, Action: 's3:GetBucketAcl', Resource: bucketArn },
    { Sid: 'TrailWrites', ...trail, Action: 's3:PutObject', Resource: `${bucketArn}/AWSLogs/${place.account}/*` },
    { Sid: 'OnlyTls', ...everybody, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    // Evidence has no break-glass: who could remove it would be the one it is about.
    { Sid: 'KeepEvents', ...everybody, Action: ['s3:DeleteObject*', 's3:BypassGovernanceRetention'] },
    // A new version over an old one hides it from whoever reads, and no administrator needs a statement here to write.
    {
      ...{ Sid: 'OnlyTheTrailWrites', ...everybody, Action: 's3:PutObject', Resource: `${bucketArn}/*` },
      Condition: { StringNotEquals: { 'aws:PrincipalServiceName': service } },
    },
    noReplicas(bucketArn),
    keepConfiguration(bucketArn, place),
  ];
  return policyOf(...statements);
}
