import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnRepository } from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { logicalId } from '../access/logical-id.ts';
import { instancePrograms, isLog, placedServices, publisherArn } from '../access/placement.ts';
import { DataBucket } from '../constructs/data-bucket.ts';
import type { Deployment } from '../deployment.ts';

export interface TrustDataStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string;
  /** See `BucketAccess`. @default true */
  readonly writeOnce?: boolean;
}

/** Ten years: a log's first record has to outlive the log. */
const recordsRetentionDays = 3650;
/** So that what clients were shown in the past year can be shown again. */
const tufRetentionDays = 400;

/**
 * What an instance publishes and remembers, in one region: the TUF repository (in the write region), the write-once
 * records of the logs, and the images that run.
 */
export class TrustDataStack extends Stack {
  constructor(scope: Construct, id: string, props: TrustDataStackProps) {
    const { deployment, region, qualifier, writeOnce, ...rest } = props;
    const { names } = deployment;
    super(scope, id, { ...rest, env: { account: names.account, region }, terminationProtection: true });
    const shared = { deployment, region, qualifier, writeOnce };
    if (region === names.writeRegion) {
      const tuf = new DataBucket(this, 'Tuf', {
        ...{ ...shared, owner: 'tuf', retentionDays: tufRetentionDays },
        ...{ replaced: ['timestamp.json'], published: deployment.aws.access === 'public' },
        // A file under the name of the next version would end the repository: nobody could put the real one there.
        writers: [names.roleArn('resign-online', 'function'), publisherArn(deployment)],
      });
      new CfnOutput(this, 'TufBucket', { value: tuf.bucketName });
    }
    const logs = placedServices(deployment).filter((service) => isLog(service) && service.region === region);
    const records = new DataBucket(this, 'Records', {
      ...{ ...shared, owner: 'records', retentionDays: recordsRetentionDays },
      ...{ replaced: [], published: false, readers: [names.keyRoleArn('auditor')] },
      writers: logs.map((log) => names.roleArn(log.id, 'task')),
    });
    new CfnOutput(this, 'RecordsBucket', { value: records.bucketName });
    for (const program of instancePrograms(deployment)) this.#addRepository(program, deployment);
  }

  /** A tag that is there is never moved; tasks name a digest anyway. */
  #addRepository(program: string, { names }: Deployment): void {
    const repository = new CfnRepository(this, `${logicalId(program)}Images`, {
      repositoryName: names.repository(program),
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    repository.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}
