import { tufOnlineKey } from '../../src/services/deployment.ts';
import type { Deployment, FunctionName } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import type { Statement } from './statement.ts';
import { logging, useOfKey } from './task-policy.ts';

/** Functions that have a role. */
export const functionNames: readonly FunctionName[] = ['resign-online', 'prober', 'monitor', 'shard-database'];

/** Returns what a scheduled function may do. All of them write to their own log group. */
export function functionStatements(name: FunctionName, deployment: Deployment): readonly Statement[] {
  const { names, aws } = deployment;
  // The databases are in every region, and so is the function that prepares them.
  const regions = name === 'shard-database' ? aws.regions : [names.writeRegion];
  const groups = regions.map((region) => arnOf(deployment, region, `logs:${names.logGroup(name)}`));
  const inNetwork = name === 'shard-database' || aws.access === 'private';
  return [logging(groups), ...(inNetwork ? [networking] : []), ...ownStatements[name](deployment)];
}

const ownStatements: Readonly<Record<FunctionName, (deployment: Deployment) => readonly Statement[]>> = {
  'resign-online': (deployment) => [
    ...useOfKey(tufOnlineKey, deployment),
    ...readTuf(deployment),
    // Not the root, not the targets: what holders signed is written by those who publish it.
    writeTuf(deployment, ['timestamp.json', '*.snapshot.json']),
    ...memory(deployment, 'resign-online'),
    undelivered(deployment),
  ],
  // They read what every client reads, from where clients do.
  prober: (deployment) => [proberToken(deployment), undelivered(deployment)],
  monitor: (deployment) => [...memory(deployment, 'monitor'), undelivered(deployment)],
  'shard-database': (deployment) => [databaseSecrets(deployment)],
};

/** Returns what those may do who publish what a ceremony signed. */
export function publisherStatements(deployment: Deployment): readonly Statement[] {
  return [...useOfKey(tufOnlineKey, deployment), ...readTuf(deployment), writeTuf(deployment, ['*'])];
}

/** Owner of the bucket in which the functions remember what they saw, as in `Names.bucket`. */
export const memoryOwner = 'memory';

/** Name of the queue that takes what a function was asked and never did. */
export function undeliveredQueueName({ names }: Pick<Deployment, 'names'>): string {
  return `${names.instance}-functions-undelivered`;
}

/** The secret by which the prober gets its token: a client or a user of the identity provider, made for it alone. */
export function proberSecretName({ names }: Deployment): string {
  return `${names.instance}/prober`;
}

function tufBucket({ names }: Deployment): string {
  return names.bucketArn('tuf', names.writeRegion);
}

function readTuf(deployment: Deployment): readonly Statement[] {
  const bucket = tufBucket(deployment);
  return [
    { Sid: 'ReadTuf', Effect: 'Allow', Action: 's3:GetObject', Resource: `${bucket}/*` },
    // Without it a missing object is 403 instead of 404, and nothing finds the end of the chain of roots.
    { Sid: 'ListTuf', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket },
  ];
}

function writeTuf(deployment: Deployment, paths: readonly string[]): Statement {
  const Resource = paths.map((path) => `${tufBucket(deployment)}/${path}`);
  return { Sid: 'WriteTuf', Effect: 'Allow', Action: 's3:PutObject', Resource };
}

function proberToken(deployment: Deployment): Statement {
  const secret = `secret:${proberSecretName(deployment)}-??????`;
  const Resource = arnOf(deployment, deployment.names.writeRegion, `secretsmanager:${secret}`);
  return { Sid: 'Token', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource };
}

/** What a function remembers of the last time, apart from what it judges. */
function memory({ names }: Deployment, part: 'resign-online' | 'monitor'): readonly Statement[] {
  const bucket = names.bucketArn(memoryOwner, names.writeRegion);
  return [
    { Sid: 'Remember', Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `${bucket}/${part}/*` },
    // Without it what was never remembered is 403 instead of 404.
    { Sid: 'ListMemory', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket },
  ];
}

/** What a function was asked and never did is put into a queue, in the function's own name. */
function undelivered(deployment: Deployment): Statement {
  const { names } = deployment;
  const Resource = arnOf(deployment, names.writeRegion, `sqs:${undeliveredQueueName(deployment)}`);
  return { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource };
}

/** Those of the shards, which it hands to the databases, and the one it logs in with. */
function databaseSecrets(deployment: Deployment): Statement {
  const secret = `secretsmanager:secret:${deployment.names.databaseSecret('*')}`;
  const Resource = deployment.aws.regions.map((region) => arnOf(deployment, region, secret));
  return { Sid: 'DatabaseSecrets', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource };
}

/** What Lambda needs to place a function in a network; none of it can be narrowed to the function's own interfaces. */
const networking: Statement = {
  Sid: 'Network',
  Effect: 'Allow',
  Action: ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces'],
  Resource: '*',
};

/** Takes `service:resource`; a log group is `logs:NAME`. */
function arnOf({ names }: Deployment, region: string, rest: string): string {
  const [service = '', ...resource] = rest.split(':');
  const name = service === 'logs' ? `log-group:${resource.join(':')}:*` : resource.join(':');
  return `arn:${partitionOf(region)}:${service}:${region}:${names.account}:${name}`;
}
