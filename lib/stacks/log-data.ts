import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import { isLog, type PlacedService, placedServices } from '../access/placement.ts';
import { LogBucket } from '../constructs/log-bucket.ts';
import type { Deployment } from '../deployment.ts';

export interface LogDataStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Service id of the shard, e.g. `rekor-log2026-1`. */
  readonly log: string;
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string;
  /** See `BucketAccess`. @default true */
  readonly writeOnce?: boolean;
}

/** What one log shard published. It stays when the shard has ended: clients verify against it for as long as they do. */
export class LogDataStack extends Stack {
  /** @throws AWS_NO_SHARD */
  constructor(scope: Construct, id: string, props: LogDataStackProps) {
    const { deployment, region, log, qualifier, writeOnce, ...rest } = props;
    const { account } = deployment.names;
    super(scope, id, { ...rest, env: { account, region }, terminationProtection: true });
    const bucket = new LogBucket(this, 'Log', { log: shardOf(props), deployment, qualifier, writeOnce });
    new CfnOutput(this, 'LogBucket', { value: bucket.bucketName });
  }
}

function shardOf({ deployment, region, log }: LogDataStackProps): PlacedService {
  const shard = placedServices(deployment).find((service) => service.id === log && isLog(service));
  if (shard?.region === region) return shard;
  throw new ToolkitError('AWS_NO_SHARD', {
    message: `${log}: expected a log shard of ${region}, got ${shard ? `one of ${shard.region}` : 'no shard of the configuration'}`,
    fault: 'caller',
    data: { log, region },
    hint: 'a stack of log data is made for each shard of `logs`, in the region of that shard',
  });
}
