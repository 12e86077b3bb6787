import type { Deployment } from '../deployment.ts';
import { type AuditRule, callsOfOthers } from './audit-rule.ts';
import type { BootstrapPlace } from './key-role-policy.ts';

/** Who leads what people send, ID tokens among it, past somebody else; of what there is in a region. */
export function routeRule(deployment: Deployment, place: BootstrapPlace): AuditRule {
  return {
    ...routeAlarm,
    id: 'route-change',
    description: 'Somebody but a deployment changed where a load balancer sends requests, or the firewall before it',
    // ECS brings its tasks behind a load balancer, and takes them away.
    pattern: callsOfOthers(
      place,
      { services: ['elasticloadbalancing', 'wafv2'], eventName: [...balancerChanges, ...firewallChanges] },
      [ecsRole(deployment)],
    ),
  };
}

/** The same of what belongs to no region. */
export function globalRouteRules(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  const { zone: id } = deployment.aws;
  const zone = id === undefined ? {} : { requestParameters: { hostedZoneId: [{ wildcard: `*${id}` }] } };
  const names = { services: ['route53'], eventName: ['ChangeResourceRecordSets', 'DeleteHostedZone'], ...zone };
  // CloudTrail appends the version of the API to some of them.
  const edge = [...edgeChanges.map((prefix) => ({ prefix })), ...firewallChanges];
  return [
    {
      ...routeAlarm,
      id: 'route-change-names',
      description: 'Somebody but a deployment changed where the names of the instance lead',
      // Cloud Map writes the names inside a network for ECS.
      pattern: callsOfOthers(place, names, [ecsRole(deployment)]),
    },
    {
      ...routeAlarm,
      id: 'route-change-edge',
      description: 'Somebody but a deployment changed CloudFront, or its firewall',
      pattern: callsOfOthers(place, { services: ['cloudfront', 'wafv2'], eventName: edge }),
    },
  ];
}

const routeAlarm = { runbook: 'alarm-route-change', alarming: true } as const;

function ecsRole({ names }: Deployment): string {
  return names.serviceRoleArn('ecs.amazonaws.com', 'AWSServiceRoleForECS');
}

const balancerChanges = [
  ...['CreateListener', 'ModifyListener', 'DeleteListener', 'CreateRule', 'ModifyRule', 'DeleteRule'],
  ...['SetRulePriorities', 'RegisterTargets', 'ModifyTargetGroup', 'AddListenerCertificates', 'SetSecurityGroups'],
];
const firewallChanges = ['UpdateWebACL', 'DeleteWebACL', 'AssociateWebACL', 'DisassociateWebACL', 'UpdateIPSet'];
const edgeChanges = [
  ...['UpdateDistribution', 'DeleteDistribution', 'AssociateAlias', 'UpdateVpcOrigin', 'CreateFunction'],
  ...['UpdateFunction', 'PublishFunction', 'UpdateOriginRequestPolicy', 'UpdateCachePolicy'],
];

/** Whoever becomes the administrator of a database can make the running servers of its logs sign what they insert. */
export function databaseRule(place: BootstrapPlace): AuditRule {
  return {
    id: 'database-change',
    description: 'Somebody but a deployment changed a database, its password, or who reaches it',
    pattern: callsOfOthers(place, {
      services: ['rds'],
      eventName: [
        ...['ModifyDBCluster', 'ModifyDBInstance', 'CreateDBInstance', 'DeleteDBCluster', 'DeleteDBInstance'],
        ...['ModifyDBClusterParameterGroup', 'ResetDBClusterParameterGroup', 'ModifyDBParameterGroup'],
        ...['AddRoleToDBCluster', 'EnableHttpEndpoint', 'CreateDBProxy', 'RegisterDBProxyTargets'],
        ...['RestoreDBClusterFromSnapshot', 'RestoreDBClusterToPointInTime', 'BacktrackDBCluster'],
        ...['ModifyDBClusterSnapshotAttribute', 'CreateDBClusterEndpoint', 'FailoverDBCluster'],
      ],
    }),
    runbook: 'alarm-database-change',
    alarming: true,
  };
}
