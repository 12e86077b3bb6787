import { Annotations, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type BucketAccess, bucketPolicy } from '../access/bucket-policy.ts';
import type { Deployment } from '../deployment.ts';

export interface DataBucketProps extends Omit<BucketAccess, 'bucketArn'> {
  readonly deployment: Deployment;
  readonly region: string;
  /** Whose data it holds, as in `Names.bucket`. */
  readonly owner: string;
  /** How long a version cannot be deleted, in days, but by the break-glass role. */
  readonly retentionDays: number;
  readonly lifecycle?: readonly CfnBucket.RuleProperty[];
}

/**
 * A bucket for what cannot be made again: every version is kept, nobody reads it past its policy, and it outlives its
 * stack.
 *
 * It has no server access log. Clients read what is public, through CloudFront; writes are one role's; deletions and
 * changes of retention are in the trail. A log of S3's own is written when it can be, and would be one bucket more
 * that nobody may change.
 */
export class DataBucket extends Construct {
  readonly bucketName: string;
  readonly bucketArn: string;

  constructor(scope: Construct, id: string, props: DataBucketProps) {
    super(scope, id);
    const { owner, region, deployment, writeOnce = true } = props;
    this.bucketName = deployment.names.bucket(owner, region);
    this.bucketArn = deployment.names.bucketArn(owner, region);
    const bucket = new CfnBucket(this, 'Bucket', { ...lockedBucket(props), bucketName: this.bucketName });
    bucket.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const policyDocument = bucketPolicy({ ...props, bucketArn: this.bucketArn });
    const policy = new CfnBucketPolicy(this, 'Policy', { bucket: this.bucketName, policyDocument });
    policy.addResourceDependency(bucket);
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(bucket).acknowledge(noAccessLog);
    if (!writeOnce) {
      const message = `${this.bucketName}: objects can be overwritten, because writeOnce is off`;
      Annotations.of(this).addWarningV2('sigstead:write-once-off', message);
    }
  }
}

/** See `DataBucket`. */
export const noAccessLog = {
  id: 'AwsSolutions-S1',
  reason: 'clients read what is public, one role writes, and the trail has deletions, locks and policies',
};

/** Returns the properties of a bucket with Object Lock: GOVERNANCE, so that the break-glass role has a way. */
export function lockedBucket(options: Pick<DataBucketProps, 'retentionDays' | 'lifecycle'>) {
  return {
    versioningConfiguration: { status: 'Enabled' },
    objectLockEnabled: true,
    objectLockConfiguration: {
      objectLockEnabled: 'Enabled',
      rule: { defaultRetention: { mode: 'GOVERNANCE', days: options.retentionDays } },
    },
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
    publicAccessBlockConfiguration: {
      ...{ blockPublicAcls: true, blockPublicPolicy: true },
      ...{ ignorePublicAcls: true, restrictPublicBuckets: true },
    },
    bucketEncryption: {
      // Not KMS: who reads a log would need a key, and a key that is gone would take the log with it.
      serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    },
    ...(options.lifecycle && { lifecycleConfiguration: { rules: [...options.lifecycle] } }),
  };
}
