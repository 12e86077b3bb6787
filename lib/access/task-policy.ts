import { isInHsm, isInKeyset, kekArn } from '../../src/services/service.ts';
import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { signingActions } from './key-policy.ts';
import { isLog, keepsItsOwnKey, ownKeySecret, type PlacedService } from './placement.ts';
import type { Statement } from './statement.ts';

/** Returns what the server of a service may do: sign with its key, and store its log. Of a frozen log: nothing. */
export function taskStatements(service: PlacedService, deployment: Deployment): readonly Statement[] {
  if (service.frozen) return [];
  return [
    ...(isInKeyset(service.key) ? [unwrapStatement(service.key)] : useOfKey(service.id, deployment)),
    ...(isLog(service) ? [...logStatements(service, deployment), ...recordStatements(service, deployment)] : []),
    ...(keepsItsOwnKey(service, deployment) ? [ownKeyStatement(service, deployment)] : []),
  ];
}

/** Names the recorded key itself: an alias could be pointed at another one, and a pattern would cover all. */
export function useOfKey(key: string, { record }: Deployment): readonly Statement[] {
  const recorded = record.keys.get(key);
  if (recorded === undefined) return [];
  return [{ Sid: 'Sign', Effect: 'Allow', Action: signingActions, Resource: recorded.arn }];
}

/** The KMS key is people's, and its policy has to name the role as well. */
function unwrapStatement(key: `tink:${string}`): Statement {
  return { Sid: 'Unwrap', Effect: 'Allow', Action: 'kms:Decrypt', Resource: kekArn(key) };
}

/** What tessera v1.0.4 and TesseraCT call: the only thing ever deleted is a partial tile that a full one replaced. */
function logStatements({ id, kind, region }: PlacedService, { names }: Deployment): readonly Statement[] {
  const bucket = names.bucketArn(id, region);
  // A Rekor log says in its checkpoint that it is frozen, a CT log in a file of its own, which is written once.
  const written = ['checkpoint', 'tile/*', ...(kind === 'ct' ? ['issuer/*', 'frozen'] : [])];
  return [
    // Without it a missing object is 403 instead of 404, and a new log does not start.
    { Sid: 'ListLog', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket },
    { Sid: 'ReadLog', Effect: 'Allow', Action: 's3:GetObject', Resource: `${bucket}/*` },
    { Sid: 'WriteLog', Effect: 'Allow', Action: 's3:PutObject', Resource: written.map((path) => `${bucket}/${path}`) },
    { Sid: 'RemovePartialTiles', Effect: 'Allow', Action: 's3:DeleteObject', Resource: `${bucket}/tile/*.p/*` },
  ];
}

/** The names of a shard's write-once records, in the bucket of records. */
export function recordPaths(id: string): readonly string[] {
  return [`inception/${id}.json`, `first-checkpoint/${id}`];
}

function recordStatements({ id, region }: PlacedService, { names }: Deployment): readonly Statement[] {
  const bucket = names.bucketArn('records', region);
  const Resource = recordPaths(id).map((path) => `${bucket}/${path}`);
  return [
    { Sid: 'Records', Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource },
    { Sid: 'ListRecords', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket },
  ];
}

function ownKeyStatement({ id, region }: PlacedService, { names }: Deployment): Statement {
  const Resource = `arn:${partitionOf(region)}:secretsmanager:${region}:${names.account}:secret:${ownKeySecret(id, names)}`;
  return { Sid: 'OwnKey', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource };
}

/** Returns what ECS itself needs to start a service: its image, its log group, and its own passwords. Of a frozen log: nothing. */
export function executionStatements(service: PlacedService, { names }: Deployment): readonly Statement[] {
  if (service.frozen) return [];
  const { id, region, program } = service;
  const arn = (resource: string, name: string) =>
    `arn:${partitionOf(region)}:${resource}:${region}:${names.account}:${name}`;
  const image = arn('ecr', `repository/${names.repository(program)}`);
  const pull = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
  return [
    { Sid: 'Registry', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Sid: 'Image', Effect: 'Allow', Action: pull, Resource: image },
    logging(arn('logs', `log-group:${names.logGroup(id)}:*`)),
    ...(isLog(service)
      ? [readSecret('DatabasePassword', arn('secretsmanager', 'secret'), names.databaseSecret(id))]
      : []),
    ...(isInHsm(service.key) ? [readSecret('HsmPin', arn('secretsmanager', 'secret'), names.pinSecret(id))] : []),
  ];
}

/** Secrets Manager adds a hyphen and six characters to the name. */
function readSecret(Sid: string, prefix: string, name: string): Statement {
  return { Sid, Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: `${prefix}:${name}-??????` };
}

export function logging(Resource: string | readonly string[]): Statement {
  return { Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource };
}
