import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { defaultHost } from '../../src/config/draft.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { tufOnlineKey } from '../../src/services/deployment.ts';
import { fulcioId } from '../../src/services/fulcio.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { timestampAuthorityId } from '../../src/services/timestamp-authority.ts';
import { memoryOwner, proberSecretName, undeliveredQueueName } from '../access/function-policy.ts';
import { DataBucket } from '../constructs/data-bucket.ts';
import { type FunctionNetwork, ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { Deployment } from '../deployment.ts';
import { tufHostName } from '../edge-hosts.ts';

export interface MonitoringStackProps extends StackProps {
  readonly deployment: Deployment;
  /** Where the prober and the monitor reach the instance. Needed where it is private. @default none: by the Internet */
  readonly network?: FunctionNetwork;
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string;
  /** See `BucketAccess`. @default true */
  readonly writeOnce?: boolean;
}

/** How long what a function remembered cannot be removed, in days. */
const memoryRetentionDays = 90;

/**
 * What runs by the clock, in the region that writes: the online signer of the TUF repository, a prober that signs as a
 * user would, and the monitor of the logs. It can be made once the root is pinned and the online key recorded.
 */
export class MonitoringStack extends Stack {
  readonly functions: Readonly<Record<'resign-online' | 'prober' | 'monitor', ScheduledFunction>>;
  readonly undelivered: Queue;

  /** @throws AWS_FUNCTION_KEY, AWS_FUNCTION_NETWORK, AWS_FUNCTION_MISSING, AWS_FUNCTION_ENVIRONMENT */
  constructor(scope: Construct, id: string, props: MonitoringStackProps) {
    const { deployment, network, qualifier, writeOnce, ...rest } = props;
    const { names, aws } = deployment;
    super(scope, id, {
      ...rest,
      env: { account: names.account, region: names.writeRegion },
      terminationProtection: true,
    });
    if (aws.access === 'private' && network === undefined) throw noNetwork();
    this.#addMemory(props);
    this.undelivered = new Queue(this, 'Undelivered', {
      queueName: undeliveredQueueName(deployment),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const inside = aws.access === 'private' ? { network } : {};
    this.functions = {
      'resign-online': this.#addResignOnline(deployment),
      prober: this.#addProber(deployment, inside),
      monitor: this.#addMonitor(deployment, inside),
    };
  }

  /** Nobody who can change what the functions judge can write here. */
  #addMemory({ deployment, qualifier, writeOnce }: MonitoringStackProps): void {
    const { names } = deployment;
    new DataBucket(this, 'Memory', {
      ...{ deployment, qualifier, writeOnce, owner: memoryOwner, region: names.writeRegion },
      ...{ retentionDays: memoryRetentionDays, published: false, readers: [names.keyRoleArn('auditor')] },
      replaced: ['monitor/*.json', 'resign-online/published.json'],
      writers: [names.roleArn('monitor', 'function'), names.roleArn('resign-online', 'function')],
      lifecycle: [
        {
          id: 'former-states',
          status: 'Enabled',
          noncurrentVersionExpiration: { noncurrentDays: memoryRetentionDays },
        },
      ],
    });
  }

  #addResignOnline(deployment: Deployment): ScheduledFunction {
    const { names } = deployment;
    return new ScheduledFunction(this, 'ResignOnline', {
      ...{ deployment, name: 'resign-online', undelivered: this.undelivered },
      description: 'signs snapshot and timestamp of the TUF repository where they are due',
      ...{ everyMinutes: 60, timeoutSeconds: 300, memoryMb: 512, retries: 2 },
      // Two at once would find each other publishing.
      reservedConcurrency: 1,
      environment: {
        REPOSITORY_STORE: `s3://${names.bucket('tuf', names.writeRegion)}`,
        MEMORY_STORE: memoryStore(deployment, 'resign-online'),
        ONLINE_KEY: `awskms:///${onlineKeyArn(deployment)}`,
      },
    });
  }

  #addProber(deployment: Deployment, inside: { readonly network?: FunctionNetwork | undefined }): ScheduledFunction {
    return new ScheduledFunction(this, 'Prober', {
      ...{ deployment, name: 'prober', undelivered: this.undelivered, ...inside },
      description: 'signs a blob and verifies it as a user would',
      ...{ everyMinutes: 5, timeoutSeconds: 180, memoryMb: 512 },
      environment: {
        REPOSITORY_URL: tufUrl(deployment),
        LOGS: JSON.stringify(logsOf(deployment)),
        AUTHORITIES: JSON.stringify(authoritiesOf(deployment)),
        SECRET_ARN: proberSecretName(deployment),
      },
    });
  }

  #addMonitor(deployment: Deployment, inside: { readonly network?: FunctionNetwork | undefined }): ScheduledFunction {
    return new ScheduledFunction(this, 'Monitor', {
      ...{ deployment, name: 'monitor', undelivered: this.undelivered, ...inside },
      description: 'checks that every log extends what it signed before',
      ...{ everyMinutes: 10, timeoutSeconds: 300, memoryMb: 512 },
      // Two at once would each keep what the other has not seen.
      reservedConcurrency: 1,
      environment: {
        REPOSITORY_URL: tufUrl(deployment),
        LOGS: JSON.stringify(logsOf(deployment)),
        MEMORY_STORE: memoryStore(deployment, 'monitor'),
      },
    });
  }
}

function memoryStore({ names }: Deployment, part: 'monitor' | 'resign-online'): string {
  return `s3://${names.bucket(memoryOwner, names.writeRegion)}/${part}`;
}

function tufUrl({ config }: Deployment): string {
  return `https://${defaultHost(tufHostName, config.instance.domain)}`;
}

function logsOf({ config }: Deployment) {
  const log = (service: string, kind: 'rekor' | 'ct', origin: string) => ({
    ...{ service, kind, origin },
    url: `https://${origin}`,
  });
  return [
    ...config.logs.rekor.map(({ shard, origin }) => log(rekorId(shard), 'rekor', origin)),
    ...config.logs.ct.map(({ shard, origin }) => log(ctLogId(shard), 'ct', origin)),
  ];
}

function authoritiesOf({ config }: Deployment) {
  return [
    { service: fulcioId, url: `https://${defaultHost(fulcioId, config.instance.domain)}` },
    ...config.timestamps.map(({ name, host }) => ({ service: timestampAuthorityId(name), url: `https://${host}` })),
  ];
}

function onlineKeyArn({ record }: Deployment): string {
  const key = record.keys.get(tufOnlineKey);
  if (key) return key.arn;
  throw new ToolkitError('AWS_FUNCTION_KEY', {
    message: `${tufOnlineKey}: expected the ARN of the online key in deployment.json, found none`,
    fault: 'input',
    data: { key: tufOnlineKey },
    hint: 'deploy the stack of the keys, then run: sigstead aws record',
  });
}

function noNetwork(): ToolkitError {
  return new ToolkitError('AWS_FUNCTION_NETWORK', {
    message: 'prober, monitor: expected a network, for a private instance is reached from nowhere else',
    fault: 'caller',
    hint: 'make the Network stack first, and give its network to the Monitoring stack',
  });
}
