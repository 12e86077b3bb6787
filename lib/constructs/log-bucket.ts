import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { PlacedService } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';
import { DataBucket } from './data-bucket.ts';

export interface LogBucketProps {
  readonly log: PlacedService;
  readonly deployment: Deployment;
  /** @default hnb659fds */
  readonly qualifier?: string | undefined;
  /** See `BucketAccess`. @default true */
  readonly writeOnce?: boolean | undefined;
}

/**
 * The bucket of one log shard: only the shard's own tasks write, the checkpoint is replaced, everything else is written
 * once, and only partial tiles are ever removed.
 */
export class LogBucket extends Construct {
  readonly bucketName: string;
  readonly bucketArn: string;

  constructor(scope: Construct, id: string, { log, deployment, qualifier, writeOnce }: LogBucketProps) {
    super(scope, id);
    const bucket = new DataBucket(this, 'Data', {
      ...{ deployment, region: log.region, owner: log.id, qualifier, writeOnce },
      ...{ replaced: ['checkpoint'], removed: ['tile/*.p/*'], published: deployment.aws.access === 'public' },
      writers: [deployment.names.roleArn(log.id, 'task')],
      // TesseraCT trusts for ever what it finds there when it starts.
      unwritable: ['roots/*'],
      ...{ retentionDays: 30, lifecycle: obsolete },
    });
    this.bucketName = bucket.bucketName;
    this.bucketArn = bucket.bucketArn;
  }
}

/**
 * A checkpoint is replaced every second and partial tiles with it. What replaced them says all that they said, so the
 * old versions go once they are unlocked. A full tile has no old version: it is written once and cannot be deleted.
 */
const obsolete: readonly CfnBucket.RuleProperty[] = [
  {
    ...{ id: 'replaced-checkpoints', status: 'Enabled', prefix: 'checkpoint' },
    noncurrentVersionExpiration: { noncurrentDays: 31 },
  },
  {
    ...{ id: 'removed-partial-tiles', status: 'Enabled', prefix: 'tile/' },
    noncurrentVersionExpiration: { noncurrentDays: 31 },
    expiredObjectDeleteMarker: true,
  },
];
