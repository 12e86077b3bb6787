import { auditRules } from '../../../lib/access/audit-rules.ts';
import { matchesPattern } from './event-pattern.ts';
import { keysAccount, mainAccount, sampleDeployment } from './support.ts';

export const region = 'eu-central-1';
export const deployment = sampleDeployment();
export const mallory = 'mallory';
export const deployer = `cdk-hnb659fds-cfn-exec-role-${mainAccount}-${region}`;
export const deployed = { by: deployer, through: 'cloudformation.amazonaws.com' };

/** An event as EventBridge hands it to rules. */
export interface BusEvent {
  readonly source: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Call {
  /** `SERVICE:Action`, as CloudTrail calls both. */
  readonly call: string;
  /** Who: the name of a role, of a user, or `nobody`, who follows the link in a message. */
  readonly by: string;
  /** The service that calls as them, as `userIdentity.invokedBy` has it. */
  readonly through?: string;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  /** ARN of the key. */
  readonly key?: string;
  readonly errorCode?: string;
  readonly account?: string;
  /** Whose account's log it stands in: another account's caller is there by its number alone. @default that of the caller */
  readonly seenIn?: string;
}

/** A call as CloudTrail tells it, in the form of its own examples. */
export function callEvent(options: Call): BusEvent {
  const { call, by, through, parameters = {}, key, errorCode, account = mainAccount, seenIn = account } = options;
  const caller = { ...identity(by, account), ...(through !== undefined && { invokedBy: through }) };
  const [service = '', eventName = ''] = call.split(':');
  return {
    ...{ version: '0', id: '5c0fa1d2-0000-4000-8000-000000000001', 'detail-type': 'AWS API Call via CloudTrail' },
    ...{ source: `aws.${service}`, account: seenIn, time: '2026-11-22T10:00:00Z', region: 'eu-central-1' },
    resources: [],
    detail: {
      ...{
        eventVersion: '1.11',
        eventTime: '2026-11-22T10:00:00Z',
        eventSource: `${service}.amazonaws.com`,
        eventName,
      },
      ...{ awsRegion: 'eu-central-1', sourceIPAddress: '203.0.113.7', userAgent: 'aws-cli/2', eventType: 'AwsApiCall' },
      userIdentity: account === seenIn ? caller : { type: 'AWSAccount', accountId: account },
      requestParameters: parameters,
      responseElements: null,
      ...(key !== undefined && { resources: [{ accountId: keysAccount, type: 'AWS::KMS::Key', ARN: key }] }),
      ...(errorCode !== undefined && { errorCode, errorMessage: 'refused' }),
      ...{ readOnly: true, managementEvent: true, recipientAccountId: seenIn, eventCategory: 'Management' },
    },
  };
}

function identity(by: string, account: string) {
  if (by === 'nobody') return { type: 'Unknown', principalId: 'Anonymous', accountId: 'ANONYMOUS_PRINCIPAL' };
  if (by.startsWith('user/')) return { type: 'IAMUser', arn: `arn:aws:iam::${account}:${by}`, accountId: account };
  return {
    ...{ type: 'AssumedRole', principalId: 'AROAEXAMPLE:session', accountId: account, accessKeyId: 'ASIAEXAMPLE' },
    arn: `arn:aws:sts::${account}:assumed-role/${by}/session`,
    sessionContext: {
      sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/${by}`, accountId: account, userName: by },
      attributes: { creationDate: '2026-11-22T09:00:00Z', mfaAuthenticated: 'false' },
    },
  };
}

/** A stack that changes its state, as CloudFormation tells it. */
export function stackEvent(stack: string, status: string): BusEvent {
  const arn = `arn:aws:cloudformation:eu-central-1:${mainAccount}:stack/${stack}/0a1b2c3d`;
  return {
    ...{ version: '0', 'detail-type': 'CloudFormation Stack Status Change', source: 'aws.cloudformation' },
    ...{ account: mainAccount, region: 'eu-central-1', resources: [arn] },
    detail: {
      'stack-id': arn,
      'status-details': { status, 'status-reason': '' },
      'client-request-token': '',
    },
  };
}

/** Ids of the rules that an event triggers. */
export function triggered(
  event: BusEvent,
  side: 'main' | 'keys' = 'main',
  of = deployment,
  at = region,
): readonly string[] {
  return auditRules(of, { side, region: at })
    .filter(({ pattern }) => matchesPattern(pattern, event))
    .map(({ id }) => id);
}
