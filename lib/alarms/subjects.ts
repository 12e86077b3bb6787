import { auditRules } from '../access/audit-rules.ts';
import { undeliveredQueueName } from '../access/function-policy.ts';
import { fulcioSignatures } from '../access/key-rules.ts';
import { isLog, placedServices } from '../access/placement.ts';
import { databaseIdentifier } from '../constructs/log-database.ts';
import type { Deployment } from '../deployment.ts';
import { instanceHosts } from '../edge-hosts.ts';
import type { AlarmRow } from './row.ts';

/** One thing that an alarm is about, and the dimensions by which CloudWatch knows it. */
export interface AlarmSubject {
  /** Part of the alarm's name; empty where there is only one. */
  readonly id: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Of the other metrics of its expression. @default the same dimensions */
  readonly others?: Readonly<Record<string, string>>;
  /** Instead of the row's: what is counted in a log group has no dimensions of its own. */
  readonly namespace?: string;
}

/** What only the stacks of the region know. */
export interface RegionFacts {
  readonly region: string;
  /** As CloudWatch calls it: `app/NAME/HASH`. @default - no alarms of the load balancer */
  readonly loadBalancer?: string;
  /** As CloudWatch calls them (`targetgroup/NAME/HASH`), by service id. */
  readonly targetGroups?: ReadonlyMap<string, string>;
}

/** Functions whose failures are told; that of the databases runs in a deployment, which fails with it. */
const scheduled = ['resign-online', 'prober', 'monitor'] as const;

/** Returns what an alarm is about in a region: nothing where that is in another one. */
export function subjectsOf(row: AlarmRow, deployment: Deployment, facts: RegionFacts): readonly AlarmSubject[] {
  const { names } = deployment;
  const { region, loadBalancer } = facts;
  const services = placedServices(deployment);
  // A frozen log publishes nothing, and is watched all the same.
  const running = services.filter(({ frozen }) => !frozen);
  const here = running.filter((service) => service.region === region);
  // The functions are in the region that writes, and so is what they measure.
  const central = region === names.writeRegion;
  const instance = { Instance: names.instance };
  const ofLog = ({ id }: { readonly id: string }) => ({ id, dimensions: { ...instance, Log: id } });
  switch (row.subject) {
    case 'instance':
      return central ? [{ id: '', dimensions: instance }] : [];
    case 'region':
      return [{ id: '', dimensions: {} }];
    case 'log':
      return central ? services.filter(isLog).map(ofLog) : [];
    case 'open-log':
      return central ? running.filter(isLog).map(ofLog) : [];
    case 'rekor':
      return here.filter(({ kind }) => kind === 'rekor').map(({ id }) => counted(id, deployment));
    case 'issuance':
      return central ? issuance(deployment, region) : [];
    case 'host':
      return central ? hosts(deployment) : [];
    case 'authority':
      return central
        ? services.filter((one) => !isLog(one)).map(({ id }) => ({ id, dimensions: { ...instance, Service: id } }))
        : [];
    case 'function':
      return central ? scheduled.map((id) => ({ id, dimensions: { FunctionName: `${names.instance}-${id}` } })) : [];
    case 'queue':
      return central ? [{ id: '', dimensions: { QueueName: undeliveredQueueName(deployment) } }] : [];
    case 'load-balancer':
      return loadBalancer === undefined ? [] : [{ id: '', dimensions: { LoadBalancer: loadBalancer } }];
    case 'target-group':
      return targetGroups(facts).filter(({ id }) => running.some((service) => service.id === id));
    case 'service':
      return here.map(({ id }) => ({ id, dimensions: { ClusterName: names.cluster, ServiceName: id } }));
    case 'database':
      return here.some(isLog) ? [{ id: '', dimensions: { DBClusterIdentifier: databaseIdentifier(names) } }] : [];
    case 'audit-rule':
      return rules(row, deployment, region);
  }
}

function targetGroups({ loadBalancer, targetGroups = new Map() }: RegionFacts): readonly AlarmSubject[] {
  if (loadBalancer === undefined) return [];
  return [...targetGroups].map(([id, group]) => ({
    id,
    dimensions: { LoadBalancer: loadBalancer, TargetGroup: group },
  }));
}

function counted(id: string, { names }: Deployment): AlarmSubject {
  return { id, dimensions: {}, namespace: names.metricNamespace(id) };
}

function hosts(deployment: Deployment): readonly AlarmSubject[] {
  const { instance } = deployment.names;
  return instanceHosts(deployment).map(({ id, host }) => ({ id, dimensions: { Instance: instance, Host: host } }));
}

/** A key that is not in KMS is counted by nobody. */
function issuance(deployment: Deployment, region: string): readonly AlarmSubject[] {
  const { names } = deployment;
  return auditRules(deployment, { side: 'main', region })
    .filter(({ id }) => id === fulcioSignatures)
    .map(({ id }) => ({
      ...{ id: '', dimensions: { RuleName: names.auditRule(id) } },
      others: { Instance: names.instance },
    }));
}

/** Rules of the keys' account, where it is another one, tell their own topic there. */
function rules({ auditRule = '' }: AlarmRow, deployment: Deployment, region: string): readonly AlarmSubject[] {
  return auditRules(deployment, { side: 'main', region })
    .filter(({ id, alarming }) => alarming && (id === auditRule || id.startsWith(`${auditRule}-`)))
    .map(({ id }) => ({
      id: id.slice(auditRule.length + 1),
      dimensions: { RuleName: deployment.names.auditRule(id) },
    }));
}
