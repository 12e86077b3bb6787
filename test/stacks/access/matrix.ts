import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { functionNames, memoryOwner } from '../../../lib/access/function-policy.ts';
import { isLog, type PlacedKey, placedKeys, placedServices } from '../../../lib/access/placement.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { projectDirectory } from '../../support/instance.ts';

/** Who may do something, as the file says it. */
type Allowed = Readonly<Record<string, readonly string[]>>;

/** `docs/access-matrix.yaml`. */
export interface AccessMatrix {
  readonly keys: Readonly<Record<'service' | 'tuf-online', Allowed>>;
  readonly buckets: Readonly<Record<BucketFamily, Readonly<Record<string, Allowed>>>>;
}

export const bucketFamilies = ['log', 'records', 'tuf', 'memory', 'audit', 'audit-keys', 'access-logs'] as const;

export type BucketFamily = (typeof bucketFamilies)[number];

export const keyActions = [
  ...['Sign', 'SignRaw', 'SignOtherAlgorithm', 'GetPublicKey', 'DescribeKey', 'GetKeyPolicy', 'ListGrants'],
  ...['DisableKey', 'TagResource', 'PutKeyPolicy', 'ScheduleKeyDeletion', 'CreateGrant'],
] as const;

/** What is asked of a key: names of KMS, and two ways to sign that are refused to everybody. */
export type KeyAction = (typeof keyActions)[number];

export const bucketActions = {
  list: 's3:ListBucket',
  read: 's3:GetObject',
  'read without TLS': 's3:GetObject',
  write: 's3:PutObject',
  overwrite: 's3:PutObject',
  replicate: 's3:ReplicateObject',
  delete: 's3:DeleteObject',
  'delete version': 's3:DeleteObjectVersion',
  'change policy': 's3:PutBucketPolicy',
} as const;

/** What is asked of a bucket or of an object in it. `write` is conditional (`If-None-Match: *`), `overwrite` is not. */
export type BucketAction = keyof typeof bucketActions;

export interface KeyCase {
  readonly kind: 'key';
  readonly key: PlacedKey;
  readonly action: KeyAction;
}

export interface BucketCase {
  readonly kind: 'bucket';
  /** Name of the bucket. */
  readonly bucket: string;
  readonly region: string;
  /** Whose it is. */
  readonly account: string;
  /** Absent for the bucket itself. */
  readonly object?: string;
  readonly action: BucketAction;
}

/** One question with its answer: everybody of the roster who is not in `allowed` is refused. */
export type AccessCase = (KeyCase | BucketCase) & { readonly allowed: ReadonlySet<string> };

/** Reads `docs/access-matrix.yaml`. */
export async function readMatrix(): Promise<AccessMatrix> {
  return parse(await readFile(join(projectDirectory, 'docs', 'access-matrix.yaml'), 'utf8')) as AccessMatrix;
}

/** Everybody whom the matrix is about, but administrators: `fulcio task`, `fulcio execution`, `resign-online`, … */
export function roleLabels(deployment: Deployment): ReadonlyMap<string, string> {
  const { names } = deployment;
  const labels = new Map<string, string>();
  for (const { id } of placedServices(deployment)) {
    labels.set(`${id} task`, names.roleArn(id, 'task'));
    labels.set(`${id} execution`, names.roleArn(id, 'execution'));
  }
  for (const name of functionNames) {
    labels.set(name, names.roleArn(name, 'function'));
  }
  labels.set('publisher', names.roleArn('publisher', 'task'));
  for (const role of ['key-administrator', 'break-glass', 'keys-deployment', 'auditor'] as const) {
    labels.set(role, names.keyRoleArn(role));
  }
  return labels;
}

/** Returns every question that the matrix answers, for every key and bucket of an instance. */
export function expandMatrix(matrix: AccessMatrix, deployment: Deployment): readonly AccessCase[] {
  return [...keyCases(matrix, deployment), ...bucketCases(matrix, deployment)];
}

function keyCases({ keys }: AccessMatrix, deployment: Deployment): readonly AccessCase[] {
  return placedKeys(deployment).flatMap((key) => {
    const allowed = key.id === 'tuf-online' ? keys['tuf-online'] : keys.service;
    return entries(allowed).map(([action, who]) => ({
      ...{ kind: 'key' as const, key, action: action as KeyAction },
      allowed: new Set(who.map((name) => (name === 'its task' ? `${key.id} task` : name))),
    }));
  });
}

function bucketCases({ buckets }: AccessMatrix, deployment: Deployment): readonly AccessCase[] {
  const { names, aws } = deployment;
  const { account } = names;
  const logs = placedServices(deployment).filter(isLog);
  const central = (owner: string) => {
    const region = names.writeRegion;
    return { bucket: names.bucket(owner, region), region, account, logs: [] };
  };
  return [
    ...objectCases(buckets.tuf, central('tuf')),
    ...objectCases(buckets.memory, central(memoryOwner)),
    ...objectCases(buckets.audit, central('audit')),
    ...(names.keysAccount === names.account
      ? []
      : objectCases(buckets['audit-keys'], { ...central('audit-keys'), account: names.keysAccount })),
    ...logs.flatMap(({ id, region }) =>
      objectCases(buckets.log, { bucket: names.bucket(id, region), region, account, its: id, logs: [id] }),
    ),
    ...aws.regions.flatMap((region) => {
      const here = logs.filter((log) => log.region === region).map(({ id }) => id);
      const bucket = { bucket: names.bucket('records', region), region, account, logs: here };
      const { bucket: itself = {}, ...objects } = buckets.records;
      return [
        ...objectCases({ bucket: itself }, bucket),
        ...here.flatMap((its) => objectCases(objects, { ...bucket, its })),
        ...objectCases(buckets['access-logs'], { ...bucket, bucket: names.bucket('access-logs', region) }),
      ];
    }),
  ];
}

interface Place {
  readonly bucket: string;
  readonly region: string;
  readonly account: string;
  readonly its?: string;
  readonly logs: readonly string[];
}

function objectCases(objects: Readonly<Record<string, Allowed>>, place: Place): readonly AccessCase[] {
  const { bucket, region, account, its = '' } = place;
  const named = (object: string) => object.replace('ITS-LOG', its).replace('ACCOUNT', account);
  return entries(objects).flatMap(([object, allowed]) =>
    entries(allowed).map(([action, who]) => ({
      ...{ kind: 'bucket' as const, bucket, region, account, action: action as BucketAction },
      ...(object !== 'bucket' && { object: named(object) }),
      allowed: new Set(who.flatMap((name) => resolved(name, place))),
    })),
  );
}

function resolved(name: string, { its = '', logs }: Place): readonly string[] {
  if (name === 'its task') return [`${its} task`];
  if (name === 'its CT task') return its.startsWith('ct-') ? [`${its} task`] : [];
  return name === 'tasks of its logs' ? logs.map((id) => `${id} task`) : [name];
}

function entries<T>(record: Readonly<Record<string, T>>): readonly [string, T][] {
  return Object.entries(record);
}
