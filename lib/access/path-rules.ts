import type { Deployment } from '../deployment.ts';
import { type AuditRule, neitherDeployedNorBy } from './audit-rule.ts';
import { type BootstrapPlace, bootstrapRoleArn } from './key-role-policy.ts';

/** Who leads what people send, ID tokens among it, past somebody else; of what there is in a region. */
export function routeRules(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  return [
    // ECS brings its tasks behind a load balancer, and takes them away.
    routeRule(place, [ecsRole(deployment)], {
      id: 'route-change',
      description: 'Somebody but a deployment changed where a load balancer sends requests, or the firewall before it',
      services: ['elasticloadbalancing', 'wafv2'],
      eventName: [
        ...['CreateListener', 'ModifyListener', 'DeleteListener', 'CreateRule', 'ModifyRule', 'DeleteRule'],
        ...[
          'SetRulePriorities',
          'RegisterTargets',
          'ModifyTargetGroup',
          'AddListenerCertificates',
          'SetSecurityGroups',
        ],
        ...firewallChanges,
      ],
    }),
  ];
}

/** The same of what belongs to no region. */
export function globalRouteRules(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  const { zone: id } = deployment.aws;
  const zone = id === undefined ? {} : { requestParameters: { hostedZoneId: [{ wildcard: `*${id}` }] } };
  return [
    // Cloud Map writes the names inside a network for ECS.
    routeRule(place, [ecsRole(deployment)], {
      id: 'route-change-names',
      description: 'Somebody but a deployment changed where the names of the instance lead',
      services: ['route53'],
      eventName: ['ChangeResourceRecordSets', 'DeleteHostedZone'],
      ...zone,
    }),
    routeRule(place, [], {
      id: 'route-change-edge',
      description: 'Somebody but a deployment changed CloudFront, or its firewall',
      services: ['cloudfront', 'wafv2'],
      // CloudTrail appends the version of the API to some of them.
      eventName: [...edgeChanges.map((prefix) => ({ prefix })), ...firewallChanges],
    }),
  ];
}

function ecsRole({ names }: Deployment): string {
  return names.serviceRoleArn('ecs.amazonaws.com', 'AWSServiceRoleForECS');
}

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
    pattern: pattern(place, [], {
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

interface Calls {
  /** As their host names begin. */
  readonly services: readonly string[];
  readonly eventName: readonly unknown[];
  readonly requestParameters?: Readonly<Record<string, unknown>>;
}

function routeRule(
  place: BootstrapPlace,
  but: readonly string[],
  { id, description, ...calls }: Calls & Pick<AuditRule, 'id' | 'description'>,
): AuditRule {
  return { id, description, pattern: pattern(place, but, calls), runbook: 'alarm-route-change', alarming: true };
}

function pattern(place: BootstrapPlace, but: readonly string[], { services, ...calls }: Calls): AuditRule['pattern'] {
  return {
    source: services.map((service) => `aws.${service}`),
    detail: {
      eventSource: services.map((service) => `${service}.amazonaws.com`),
      ...calls,
      ...neitherDeployedNorBy(but, bootstrapRoleArn('cfn-exec', place)),
    },
  };
}

/** Nobody needs that role on a day without an incident. */
export function breakGlassUsed({ names }: Deployment): AuditRule {
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
