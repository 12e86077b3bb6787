import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { type AuditPlace, type AuditRule, callsOfOthers, issuerOtherThan } from './audit-rule.ts';
import { type BootstrapPlace, bootstrapRoles, dataBuckets } from './key-role-policy.ts';
import {
  everySignature,
  keyChange,
  keyEnd,
  keyReturn,
  keySecretRules,
  readByOther,
  rulesOfKey,
  signedFromElsewhere,
} from './key-rules.ts';
import { databaseRule, globalRouteRules, routeRule } from './path-rules.ts';
import { isLog, keyRegions, placedKeys, placedServices } from './placement.ts';
import { secretRules } from './secret-rules.ts';
import { userRules } from './user-rules.ts';
import { auditChanges, deploymentBegun } from './watch-rules.ts';

/** Returns the rules of one account and region. */
export function auditRules(deployment: Deployment, { side, region, qualifier }: AuditPlace): readonly AuditRule[] {
  const { names, aws } = deployment;
  const keys = placedKeys(deployment).filter((key) => key.region === region);
  const isKeys = side === 'keys' || names.account === names.keysAccount;
  const hasKeys = keys.length > 0;
  const place = { account: side === 'main' ? names.account : names.keysAccount, region, qualifier };
  return [
    ...(hasKeys ? [everySignature] : []),
    ...(hasKeys && side === 'keys' ? [signedFromElsewhere(names.account), readByOther(names)] : []),
    ...(hasKeys && isKeys ? [keyEnd, keyReturn, keyChange] : []),
    ...(side === 'main' ? keys.flatMap((key) => rulesOfKey(key, deployment)) : []),
    ...(side === 'main' && aws.regions.includes(region)
      ? [
          ...[...keySecretRules(deployment, region), ...secretRules(deployment, place)],
          ...[...userRules(deployment, place), ...dataRules(deployment, region)],
          ...[routeRule(deployment, place), databaseRule(place)],
        ]
      : []),
    // Where IAM reports, too: a function made there may be one of the roles.
    ...(side === 'main' ? [programChange(place), serviceChange(place)] : []),
    // That of the trail, which is all there is.
    ...(side === 'keys' && region === names.writeRegion ? [bucketChange(names.instance, region)] : []),
    ...(region === globalRegion(deployment) ? [roleChange(names.instance, qualifier)] : []),
    ...(region === globalRegion(deployment) && side === 'main' ? globalRouteRules(deployment, place) : []),
    breakGlassUsed(deployment),
    ...auditChanges(deployment, place),
    deploymentBegun,
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

function dataRules(deployment: Deployment, region: string): readonly AuditRule[] {
  const { names } = deployment;
  const bucket = bucketsOf(names.instance);
  const s3 = (eventName: readonly string[], more: Readonly<Record<string, unknown>>) =>
    s3Events(region, eventName, more);
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
      id: 'objects-deleted-one',
      description: 'Somebody but a log deleted an object of a bucket: its versions remain, and nobody sees them',
      pattern: s3(['DeleteObject'], {
        requestParameters: { ...bucket, versionId: [{ exists: false }] },
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
    bucketChange(names.instance, region),
  ];
}

function bucketChange(instance: string, region: string): AuditRule {
  return {
    id: 'bucket-change',
    description: 'What protects a bucket was changed',
    pattern: s3Events(region, bucketChanges, { requestParameters: bucketsOf(instance) }),
    runbook: 'alarm-bucket-change',
    alarming: true,
  };
}

function bucketsOf(instance: string) {
  return { bucketName: [{ prefix: `${instance}-` }] };
}

function s3Events(region: string, eventName: readonly string[], more: Readonly<Record<string, unknown>>) {
  return {
    source: ['aws.s3'],
    detail: { eventSource: ['s3.amazonaws.com'], eventName, awsRegion: [region], ...more },
  };
}

const bucketChanges = [
  ...['PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock'],
  ...['PutBucketVersioning', 'PutBucketObjectLockConfiguration', 'PutObjectLockConfiguration'],
  ...['PutBucketLifecycle', 'PutBucketLifecycleConfiguration', 'PutBucketReplication', 'DeleteBucket'],
  ...['PutBucketEncryption', 'DeleteBucketEncryption', 'PutBucketOwnershipControls'],
];

/** Who may start a program under a role is as good as the role: no policy of a key sees the difference. */
function programChange(place: BootstrapPlace): AuditRule {
  const eventName = [
    ...['RegisterTaskDefinition', 'RunTask', 'StartTask', 'ExecuteCommand', 'CreateService'],
    ...['CreateTaskSet', 'CreateExpressGatewayService', 'UpdateExpressGatewayService'],
    ...['RegisterDaemonTaskDefinition', 'CreateDaemon', 'UpdateDaemon'],
    ...['CreateFunction20150331', 'UpdateFunctionCode20150331v2', 'UpdateFunctionConfiguration20150331v2'],
  ];
  return {
    id: 'program-change',
    description: 'Somebody but a deployment said what runs under a role, or ran it',
    pattern: callsOfOthers(place, { services: ['ecs', 'lambda'], eventName }),
    runbook: 'alarm-program-change',
    alarming: true,
  };
}

/** How many tasks a service has is no change of program: Application Auto Scaling changes that with the load. */
function serviceChange(place: BootstrapPlace): AuditRule {
  const given = [{ exists: true }];
  // Of what has parts, one that each call has to give: EventBridge looks for values, not for what holds them.
  const changed = [
    ...[{ taskDefinition: given }, { enableExecuteCommand: given }, { loadBalancers: { containerName: given } }],
    { networkConfiguration: { awsvpcConfiguration: { subnets: given } } },
    { serviceConnectConfiguration: { enabled: given } },
  ];
  return {
    id: 'program-change-service',
    description: 'Somebody but a deployment changed what a service runs, or who reaches it',
    pattern: callsOfOthers(place, {
      ...{ services: ['ecs'], eventName: ['UpdateService'] },
      requestParameters: { $or: changed },
    }),
    runbook: 'alarm-program-change',
    alarming: true,
  };
}

/**
 * Whoever changes who may be a role needs no key policy; whoever may be a role of deployments needs none of ours. Its
 * events are in one region only.
 */
function roleChange(instance: string, qualifier: string | undefined): AuditRule {
  const eventName = [
    ...['UpdateAssumeRolePolicy', 'PutRolePolicy', 'AttachRolePolicy', 'DeleteRole', 'DeleteRolePolicy'],
    ...['PutRolePermissionsBoundary', 'DeleteRolePermissionsBoundary'],
  ];
  const prefixes = [`${instance}-`, bootstrapRoles(qualifier)];
  const requestParameters = { roleName: prefixes.map((prefix) => ({ prefix })) };
  return {
    id: 'role-change',
    description: 'A role of the instance, or of deployments, was changed',
    pattern: { source: ['aws.iam'], detail: { eventSource: ['iam.amazonaws.com'], eventName, requestParameters } },
    runbook: 'alarm-role-change',
    alarming: true,
  };
}

/** Nobody needs that role on a day without an incident. */
function breakGlassUsed({ names }: Deployment): AuditRule {
  return {
    id: 'break-glass-used',
    description: 'Somebody became break-glass',
    pattern: {
      source: ['aws.sts'],
      detail: {
        ...{ eventSource: ['sts.amazonaws.com'], eventName: ['AssumeRole'] },
        requestParameters: { roleArn: [names.keyRoleArn('break-glass')] },
      },
    },
    runbook: 'alarm-break-glass-used',
    alarming: true,
  };
}

/** Returns the ARNs, each with a slash at its end, of the buckets whose deletions are recorded. */
export function watchedBuckets(deployment: Deployment): readonly string[] {
  return dataBuckets(deployment).map((arn) => `${arn}/`);
}
