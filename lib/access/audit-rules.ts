import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { type BootstrapPlace, bootstrapRoleArn, dataBuckets } from './key-role-policy.ts';
import { isLog, keyRegions, type PlacedKey, placedKeys, placedServices } from './placement.ts';

/** What EventBridge is to look for in the events of CloudTrail. */
export interface AuditRule {
  readonly id: string;
  readonly description: string;
  readonly pattern: { readonly source: readonly string[]; readonly detail: Readonly<Record<string, unknown>> };
  /** Section of the operator runbook that says what to do about it. */
  readonly runbook: `alarm-${string}`;
  /** Whether somebody is told; otherwise it is only kept. */
  readonly alarming: boolean;
}

/** Which account and region the rules are for. */
export interface AuditPlace {
  readonly side: 'main' | 'keys';
  readonly region: string;
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string | undefined;
}

/** Returns the rules of one account and region. */
export function auditRules(deployment: Deployment, { side, region, qualifier }: AuditPlace): readonly AuditRule[] {
  const { names, aws } = deployment;
  const keys = placedKeys(deployment).filter((key) => key.region === region);
  const isKeys = side === 'keys' || names.account === names.keysAccount;
  const hasKeys = keys.length > 0;
  return [
    ...(hasKeys ? [everySignature] : []),
    ...(hasKeys && side === 'keys' ? [signedFromElsewhere(names.account)] : []),
    ...(hasKeys && isKeys ? [keyEnd, keyChange] : []),
    ...(side === 'main' ? keys.flatMap((key) => strangeSigner(key, deployment)) : []),
    ...(side === 'main' && aws.regions.includes(region)
      ? [...dataRules(deployment, region), programChange({ account: names.account, region, qualifier })]
      : []),
    ...(region === globalRegion(deployment) ? [roleChange(names.instance)] : []),
  ];
}

/** Returns the regions that an account's events are watched in: its own, and the one in which those of IAM appear. */
export function auditRegions(deployment: Deployment, side: 'main' | 'keys'): readonly string[] {
  const own = side === 'main' ? deployment.aws.regions : keyRegions(deployment);
  return [...new Set([...own, globalRegion(deployment)])];
}

/** Returns the region of a partition in which what belongs to none reports, and is made. */
export function globalRegion({ names }: Pick<Deployment, 'names'>): string {
  return { aws: 'us-east-1', 'aws-us-gov': 'us-gov-west-1', 'aws-cn': 'cn-north-1' }[partitionOf(names.writeRegion)];
}

const everySignature: AuditRule = {
  id: 'every-signature',
  description: 'Each kms:Sign, for the record',
  pattern: kms(['Sign']),
  runbook: 'alarm-key-sign-by-other',
  alarming: false,
};

function strangeSigner(key: PlacedKey, { record }: Deployment): readonly AuditRule[] {
  const recorded = record.keys.get(key.id);
  if (recorded === undefined) return [];
  return [
    {
      id: `strange-signer-of-${key.id}`,
      description: `Somebody but its service asked the key of ${key.id} for a signature`,
      pattern: kms(['Sign'], { resources: { ARN: [recorded.arn] }, ...issuerOtherThan(key.signers) }),
      runbook: 'alarm-key-sign-by-other',
      alarming: true,
    },
    {
      id: `signature-refused-by-${key.id}`,
      description: `A signature of the key of ${key.id} was refused: to a stranger, or to its service`,
      pattern: kms(['Sign'], { resources: { ARN: [recorded.arn] }, errorCode: [{ prefix: 'AccessDenied' }] }),
      runbook: 'alarm-key-sign-refused',
      alarming: true,
    },
  ];
}

/** A role's session has the role as its issuer; a user has no session, and would not match a bare `anything-but`. */
function issuerOtherThan(roles: readonly string[]) {
  if (roles.length === 0) return {};
  const issuer = (match: unknown) => ({ userIdentity: { sessionContext: { sessionIssuer: { arn: [match] } } } });
  return { $or: [issuer({ 'anything-but': [...roles] }), issuer({ exists: false })] };
}

/** In the account of the key, an event of a call from another account says only which account. */
function signedFromElsewhere(account: string): AuditRule {
  return {
    id: 'signed-from-elsewhere',
    description: 'A signature was asked for from another account than that of the services',
    pattern: kms(['Sign'], { userIdentity: { accountId: [{ 'anything-but': [account] }] } }),
    runbook: 'alarm-key-sign-elsewhere',
    alarming: true,
  };
}

const keyEnd: AuditRule = {
  id: 'key-end',
  description: 'A key was disabled or is to be deleted',
  pattern: kms(['ScheduleKeyDeletion', 'DisableKey', 'DisableKeyRotation', 'DeleteImportedKeyMaterial']),
  runbook: 'alarm-key-end',
  alarming: true,
};

const keyChange: AuditRule = {
  id: 'key-change',
  description: 'The policy of a key was changed, or permission given past it',
  pattern: kms(['PutKeyPolicy', 'CreateGrant', 'ReplicateKey', 'UpdatePrimaryRegion', 'UpdateAlias', 'DeleteAlias']),
  runbook: 'alarm-key-change',
  alarming: true,
};

function dataRules(deployment: Deployment, region: string): readonly AuditRule[] {
  const { names } = deployment;
  const bucket = { bucketName: [{ prefix: `${names.instance}-` }] };
  const s3 = (eventName: readonly string[], more: Readonly<Record<string, unknown>>) => ({
    source: ['aws.s3'],
    detail: { eventSource: ['s3.amazonaws.com'], eventName, awsRegion: [region], ...more },
  });
  const logs = placedServices(deployment).filter(isLog);
  return [
    {
      id: 'version-deleted',
      description: 'A version of an object was deleted',
      // There is no event DeleteObjectVersion: it is a deletion that names a version.
      pattern: s3(['DeleteObject'], { requestParameters: { ...bucket, versionId: [{ exists: true }] } }),
      runbook: 'alarm-version-deleted',
      alarming: true,
    },
    {
      id: 'objects-deleted',
      description: 'Somebody but a log deleted objects of a bucket many at once; the event does not say which versions',
      pattern: s3(['DeleteObjects'], {
        requestParameters: bucket,
        ...issuerOtherThan(logs.map(({ id }) => names.roleArn(id, 'task'))),
      }),
      runbook: 'alarm-objects-deleted',
      alarming: true,
    },
    {
      id: 'lock-change',
      description: 'How long a version is kept was changed',
      pattern: s3(['PutObjectRetention', 'PutObjectLegalHold'], { requestParameters: bucket }),
      runbook: 'alarm-lock-change',
      alarming: true,
    },
    {
      id: 'bucket-change',
      description: 'What protects a bucket was changed',
      pattern: s3(bucketChanges, { requestParameters: bucket }),
      runbook: 'alarm-bucket-change',
      alarming: true,
    },
  ];
}

const bucketChanges = [
  ...['PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock'],
  ...['PutBucketVersioning', 'PutBucketObjectLockConfiguration', 'PutObjectLockConfiguration'],
  ...['PutBucketLifecycle', 'PutBucketLifecycleConfiguration', 'PutBucketReplication', 'DeleteBucket'],
];

/** Who may start a program under a role is as good as the role: no policy of a key sees the difference. */
function programChange(place: BootstrapPlace): AuditRule {
  const eventName = [
    ...['RegisterTaskDefinition', 'RunTask', 'StartTask', 'ExecuteCommand', 'CreateService', 'UpdateService'],
    'CreateTaskSet',
    ...['CreateFunction20150331', 'UpdateFunctionCode20150331v2', 'UpdateFunctionConfiguration20150331v2'],
  ];
  return {
    id: 'program-change',
    description: 'Somebody but a deployment said what runs under a role, or ran it',
    pattern: {
      source: ['aws.ecs', 'aws.lambda'],
      detail: {
        eventSource: ['ecs.amazonaws.com', 'lambda.amazonaws.com'],
        eventName,
        ...issuerOtherThan([bootstrapRoleArn('cfn-exec', place)]),
      },
    },
    runbook: 'alarm-program-change',
    alarming: true,
  };
}

/** Whoever changes who may be a role needs no key policy. Its events are in one region only. */
function roleChange(instance: string): AuditRule {
  const eventName = [
    ...['UpdateAssumeRolePolicy', 'PutRolePolicy', 'AttachRolePolicy', 'DeleteRole', 'DeleteRolePolicy'],
    ...['PutRolePermissionsBoundary', 'DeleteRolePermissionsBoundary'],
  ];
  const requestParameters = { roleName: [{ prefix: `${instance}-` }] };
  return {
    id: 'role-change',
    description: 'A role of the instance was changed',
    pattern: { source: ['aws.iam'], detail: { eventSource: ['iam.amazonaws.com'], eventName, requestParameters } },
    runbook: 'alarm-role-change',
    alarming: true,
  };
}

function kms(eventName: readonly string[], more: Readonly<Record<string, unknown>> = {}): AuditRule['pattern'] {
  return { source: ['aws.kms'], detail: { eventSource: ['kms.amazonaws.com'], eventName, ...more } };
}

/** Returns the ARNs, each with a slash at its end, of the buckets whose deletions are recorded. */
export function watchedBuckets(deployment: Deployment): readonly string[] {
  return dataBuckets(deployment).map((arn) => `${arn}/`);
}
