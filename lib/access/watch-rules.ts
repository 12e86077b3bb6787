import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { type AuditRule, type Calls, callsOfOthers } from './audit-rule.ts';
import type { BootstrapPlace } from './key-role-policy.ts';

/** Who does one of these things, in one service, to what is named like ours. */
interface Watch extends Pick<AuditRule, 'id' | 'description'>, Pick<Calls, 'services' | 'eventName'> {
  /** Alternatives, each parameters of the call. */
  readonly named: readonly Readonly<Record<string, unknown>>[];
}

/** Returns who, besides a deployment, keeps the audit from seeing, or from telling. */
export function auditChanges(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  return watches(deployment, place).map(({ id, description, services, eventName, named }) => ({
    id: `audit-change-${id}`,
    description,
    pattern: callsOfOthers(place, { services, eventName, requestParameters: { $or: named } }),
    runbook: 'alarm-audit-change',
    alarming: true,
  }));
}

const ruleEvents = ['DeleteRule', 'DisableRule', 'PutRule', 'RemoveTargets', 'PutTargets'];

type OwnNames = ReturnType<typeof ownNames>;

/** What ours are called, in the parameters of a call. */
function ownNames({ names, config }: Deployment, { account, region }: BootstrapPlace) {
  const ours = [{ prefix: `${names.instance}-` }];
  const topics = [`${names.instance}-audit`, ...(config.monitors?.alerts ?? []).map(({ sns }) => sns)];
  const topicArn = `arn:${partitionOf(region)}:sns:${region}:${account}`;
  const groups = [names.logGroup(''), `/aws/events${names.logGroup('')}`];
  return {
    ours,
    trails: [...ours, { wildcard: `arn:*:trail/${names.instance}-*` }],
    groups: groups.map((prefix) => ({ prefix })),
    groupIds: groups.flatMap((prefix) => [{ prefix }, { wildcard: `arn:*:log-group:${prefix}*` }]),
    topics: topics.map((topic) => ({ prefix: `${topicArn}:${topic}` })),
  };
}

function watches(deployment: Deployment, place: BootstrapPlace): readonly Watch[] {
  const named = ownNames(deployment, place);
  return [...watchesOnWhatSees(named), ...watchesOnWhatTells(named)];
}

/** The trail, and the rules and alarms that follow from it. */
function watchesOnWhatSees({ ours, trails }: OwnNames): readonly Watch[] {
  return [
    {
      id: 'trail',
      description: 'Somebody but a deployment stopped or changed the trail, or a rule',
      // It tells of the end of the next rule, which tells of the end of this one: no rule sees its own.
      services: ['cloudtrail', 'events'],
      eventName: ['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', ...ruleEvents],
      named: [{ name: trails }, { trailName: trails }, { rule: ours }],
    },
    {
      id: 'rules',
      description: 'Somebody but a deployment changed a rule: of the audit, or of the clock of a function',
      services: ['events'],
      eventName: ruleEvents,
      named: [{ name: ours }, { rule: ours }],
    },
    {
      id: 'alarms',
      description: 'Somebody but a deployment changed an alarm',
      services: ['monitoring'],
      eventName: ['DeleteAlarms', 'PutMetricAlarm', 'PutCompositeAlarm', 'DisableAlarmActions', 'SetAlarmState'],
      named: [{ alarmName: ours }, { alarmNames: ours }],
    },
    {
      id: 'mutes',
      description: 'Somebody but a deployment muted alarms: ours by name, or all there are',
      services: ['monitoring'],
      eventName: ['PutAlarmMuteRule'],
      named: [{ muteTargets: { alarmNames: ours } }, { muteTargets: { alarmNames: [{ exists: false }] } }],
    },
  ];
}

/** What keeps the events, and who hears of them. */
function watchesOnWhatTells({ ours, groups, groupIds, topics }: OwnNames): readonly Watch[] {
  return [
    {
      id: 'records',
      description: 'Somebody but a deployment removed or shortened a log, or what counts in it',
      services: ['logs'],
      eventName: [
        ...['DeleteLogGroup', 'DeleteLogStream', 'PutRetentionPolicy', 'PutMetricFilter', 'DeleteMetricFilter'],
        ...['PutResourcePolicy', 'DeleteResourcePolicy', 'PutDataProtectionPolicy', 'PutAccountPolicy'],
      ],
      // A policy of the account is about every group, whatever it is called; it alone has a type.
      named: [
        ...[{ logGroupName: groups }, { logGroupIdentifier: groupIds }, { policyName: ours }],
        { policyType: [{ exists: true }] },
      ],
    },
    {
      id: 'topics',
      description: 'Somebody but a deployment changed a topic, or who is told by it',
      services: ['sns'],
      eventName: [
        ...['Unsubscribe', 'SetSubscriptionAttributes', 'DeleteTopic', 'SetTopicAttributes'],
        ...['AddPermission', 'RemovePermission', 'PutDataProtectionPolicy'],
      ],
      named: [{ topicArn: topics }, { subscriptionArn: topics }, { resourceArn: topics }],
    },
  ];
}

/**
 * A deployment may change what runs under a role, and no rule above tells: so each that begins is told, and somebody
 * has to know of it. Of any stack: the execution role serves those of every name.
 */
export const deploymentBegun: AuditRule = {
  id: 'deployment',
  description: 'CloudFormation began to change a stack of this account',
  pattern: {
    source: ['aws.cloudformation'],
    // Each resource of a stack has events of the same form.
    'detail-type': ['CloudFormation Stack Status Change'],
    detail: {
      'status-details': {
        status: ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'IMPORT_IN_PROGRESS'],
      },
    },
  },
  runbook: 'alarm-deployment',
  alarming: true,
};
