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
  const { subject } = row;
  const { names } = deployment;
  const { region, loadBalancer } = facts;
  const here = runningServices(deployment).filter((service) => service.region === region);
  switch (subject) {
    case 'region':
      return [{ id: '', dimensions: {} }];
    case 'rekor':
      return here.filter(({ kind }) => kind === 'rekor').map(({ id }) => counted(id, deployment));
    case 'load-balancer':
      return loadBalancer === undefined ? [] : [{ id: '', dimensions: { LoadBalancer: loadBalancer } }];
    case 'target-group':
      return targetGroups(facts).filter(({ id }) => runningServices(deployment).some((service) => service.id === id));
    case 'service':
      return here.map(({ id }) => ({ id, dimensions: { ClusterName: names.cluster, ServiceName: id } }));
    case 'database':
      return here.some(isLog) ? [{ id: '', dimensions: { DBClusterIdentifier: databaseIdentifier(names) } }] : [];
    case 'audit-rule':
      return rules(row, deployment, region);
    default:
      return region === names.writeRegion ? centralSubjects(subject, deployment) : [];
  }
}

type CentralSubject = Extract<
  AlarmRow['subject'],
  'instance' | 'log' | 'open-log' | 'issuance' | 'host' | 'authority' | 'function' | 'queue'
>;

/** The functions are in the region that writes, and so is what they measure. */
function centralSubjects(subject: CentralSubject, deployment: Deployment): readonly AlarmSubject[] {
  const { names } = deployment;
  const instance = { Instance: names.instance };
  const services = placedServices(deployment);
  const ofLog = ({ id }: { readonly id: string }) => ({ id, dimensions: { ...instance, Log: id } });
  switch (subject) {
    case 'instance':
      return [{ id: '', dimensions: instance }];
    case 'log':
      return services.filter(isLog).map(ofLog);
    case 'open-log':
      return runningServices(deployment).filter(isLog).map(ofLog);
    case 'issuance':
      return issuance(deployment, names.writeRegion);
    case 'host':
      return hosts(deployment);
    case 'authority':
      return services.filter((one) => !isLog(one)).map(({ id }) => ({ id, dimensions: { ...instance, Service: id } }));
    case 'function':
      return scheduled.map((id) => ({ id, dimensions: { FunctionName: `${names.instance}-${id}` } }));
    case 'queue':
      return [{ id: '', dimensions: { QueueName: undeliveredQueueName(deployment) } }];
  }
}

/** A frozen log publishes nothing, and is watched all the same. */
function runningServices(deployment: Deployment) {
  return placedServices(deployment).filter(({ frozen }) => !frozen);
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
