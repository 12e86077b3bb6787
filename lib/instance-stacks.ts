import { type App, CrossStackReferences, ReferenceStrength, type Stack, type StackProps } from 'aws-cdk-lib';
import { ToolkitError } from '../src/core/error.ts';
import { describeFinding, runRules } from '../src/core/rules.ts';
import { tufOnlineKey } from '../src/services/deployment.ts';
import { auditRegions } from './access/audit-rules.ts';
import { isLog, keyRegions, managedCognito, placedServices, type ServiceKind } from './access/placement.ts';
import { groupNames } from './constructs/security-groups.ts';
import { subnets } from './constructs/service-network.ts';
import type { Deployment } from './deployment.ts';
import { edgeProblems } from './edge-problems.ts';
import { type PreflightInput, preflightRules } from './preflight.ts';
import { type Readiness, type ReadyService, readinessOf, readinessProblems, type WaitingService } from './readiness.ts';
import { assertNoReadinessProblems, preflightProblems } from './readiness-problems.ts';
import { AuditStack } from './stacks/audit.ts';
import { DatabaseStack } from './stacks/database.ts';
import { EdgeStack } from './stacks/edge.ts';
import { certificateRegion, EdgeCertificateStack } from './stacks/edge-certificate.ts';
import { KeyRolesStack } from './stacks/key-roles.ts';
import { KeysStack } from './stacks/keys.ts';
import { LogDataStack } from './stacks/log-data.ts';
import { MonitoringStack } from './stacks/monitoring.ts';
import { NetworkStack } from './stacks/network.ts';
import { ObservabilityStack } from './stacks/observability.ts';
import { OidcStack } from './stacks/oidc.ts';
import { RolesStack } from './stacks/roles.ts';
import { ServerStack, serverStackName } from './stacks/server.ts';
import { TrustDataStack } from './stacks/trust-data.ts';

export interface InstanceOptions extends Deployment, Pick<PreflightInput, 'caller'> {
  /** Refuse where a service cannot be deployed yet, instead of leaving it out. */
  readonly complete: boolean;
  /** Whether there is a root that clients pin. */
  readonly rootPinned: boolean;
  /** False only where the storage does not know the condition key `s3:if-none-match`, as emulators. */
  readonly writeOnce: boolean;
  readonly now: Date;
}

export interface ComposedInstance {
  readonly waiting: readonly WaitingService[];
  readonly warnings: readonly string[];
}

/**
 * Adds every stack of an instance that can be deployed now. What irreplaceable data and keys are in comes first and
 * needs nothing; a service comes once its key is recorded, its chain issued and its image pushed.
 * @throws AWS_PREFLIGHT, or the code of `edgeProblems` or `readinessProblems` that comes first: with every rule that the
 *   configuration breaks, and everything recorded that is wrong, at once
 * @throws AWS_INCOMPLETE if a service is not ready and `complete` was asked for
 */
export function composeInstance(app: App, options: InstanceOptions): ComposedInstance {
  const findings = runRules(preflightRules, options);
  const { now, config } = options;
  assertNoReadinessProblems([
    ...preflightProblems(findings, config.file),
    ...edgeProblems(options),
    ...readinessProblems(options, now),
  ]);
  const readiness = readinessOf(options, { now });
  if (options.complete) assertComplete(readiness);
  new Composition(app, options, readiness).compose();
  return { waiting: readiness.waiting, warnings: findings.map(describeFinding) };
}

class Composition {
  readonly #app: App;
  readonly #deployment: InstanceOptions;
  readonly #readiness: Readiness;
  readonly #foundation: Stack[] = [];
  readonly #servers: { readonly kind: ServiceKind; readonly stack: Stack }[] = [];

  constructor(app: App, deployment: InstanceOptions, readiness: Readiness) {
    this.#app = app;
    this.#deployment = deployment;
    this.#readiness = readiness;
  }

  compose(): void {
    const { names, aws } = this.#deployment;
    const regions = aws.regions;
    const region = names.writeRegion;
    const roles = this.#add(RolesStack, 'Roles', region);
    const keyRoles = this.#add(KeyRolesStack, 'KeyRoles', region);
    keyRoles.addStackDependency(roles, 'key policies name the roles that sign');
    for (const each of keyRegions(this.#deployment)) {
      const keys = this.#add(KeysStack, 'Keys', each);
      keys.addStackDependency(keyRoles, 'its execution role, and the administrators that key policies name');
    }
    for (const each of regions) this.#foundation.push(this.#add(TrustDataStack, 'TrustData', each));
    this.#foundation.push(roles);
    for (const service of placedServices(this.#deployment).filter(isLog)) this.#addLogData(service);
    const issuer = managedCognito(this.#deployment);
    if (issuer) {
      new OidcStack(this.#app, names.stack('Oidc', region), { ...this.#props('Oidc', region), issuer });
    }
    for (const each of regions) this.#composeRegion(each);
    if (aws.writers === 'certificate') this.#letWritersBeKnown();
    this.#addAudits();
  }

  /** Otherwise whoever has a certificate of a new issuer could not write with it. */
  #letWritersBeKnown(): void {
    const of = (wanted: ServiceKind) => this.#servers.filter(({ kind }) => kind === wanted);
    for (const fulcio of of('fulcio')) {
      for (const rekor of of('rekor'))
        fulcio.stack.addStackDependency(rekor.stack, 'its gate has to know an issuer before that issues');
    }
  }

  #composeRegion(region: string): void {
    const { names, aws } = this.#deployment;
    const network = this.#add(NetworkStack, 'Network', region);
    const logs = placedServices(this.#deployment).filter((service) => service.region === region && isLog(service));
    const database = logs.length > 0 ? this.#addDatabase(network, region) : undefined;
    const services = this.#readiness.ready
      .filter((service) => service.region === region)
      .map((service) => this.#addService(service, network, database));
    const { vpc, loadBalancer, listener } = network;
    const certificate = aws.access === 'public' && aws.zone !== undefined ? this.#addCertificate(aws.zone) : undefined;
    new EdgeStack(this.#app, names.stack('Edge', region), {
      ...this.#props('Edge', region),
      ...{ vpc, loadBalancer, listener },
      ...(certificate && { certificate: certificate.certificate }),
    });
    const targetGroups = new Map(
      services.flatMap(({ id, targetGroup }) => (targetGroup ? [[id, targetGroup.targetGroupFullName] as const] : [])),
    );
    new ObservabilityStack(this.#app, names.stack('Observability', region), {
      ...this.#props('Observability', region),
      ...{ loadBalancer: loadBalancer.loadBalancerFullName, targetGroups },
    });
    if (region === names.writeRegion) this.#addMonitoring(network);
  }

  #addDatabase(network: NetworkStack, region: string): DatabaseStack {
    const stackName = this.#deployment.names.stack('Database', region);
    const database = new DatabaseStack(this.#app, stackName, { ...this.#props('Database', region), network });
    for (const stack of this.#foundation)
      database.addStackDependency(stack, 'the role of the function that makes databases');
    return database;
  }

  #addService(service: ReadyService, network: NetworkStack, database: DatabaseStack | undefined) {
    const props = this.#props(serverStackName(service), service.region);
    const stack = new ServerStack(this.#app, props.stackName, {
      ...{ ...props, service, network },
      ...(isLog(service) && database && { database }),
    });
    for (const each of this.#foundation)
      stack.addStackDependency(each, 'roles, buckets, and the repositories of its images');
    this.#servers.push({ kind: service.kind, stack });
    return { id: service.id, targetGroup: stack.server.service.targetGroup };
  }

  #addLogData({ id, region }: { readonly id: string; readonly region: string }): void {
    const props = this.#props(`LogData-${id}`, region);
    this.#foundation.push(new LogDataStack(this.#app, props.stackName, { ...props, log: id }));
  }

  #certificate: EdgeCertificateStack | undefined;

  /** CloudFront reads certificates in one region only. */
  #addCertificate(zone: string): EdgeCertificateStack {
    const { names } = this.#deployment;
    const props = { ...this.#props('EdgeCertificate', certificateRegion), zone };
    if (this.#certificate === undefined) {
      const name = names.stack('EdgeCertificate', certificateRegion);
      this.#certificate = new EdgeCertificateStack(this.#app, name, props);
      // A strong reference to another region would need a function and parameters in both.
      CrossStackReferences.of(this.#certificate.certificate).produce(ReferenceStrength.WEAK);
    }
    return this.#certificate;
  }

  /** Comes once there is a root to pin, and a key to keep what is below it alive. */
  #addMonitoring(network: NetworkStack): void {
    const { names, record, aws, rootPinned } = this.#deployment;
    if (!rootPinned || !record.keys.has(tufOnlineKey)) return;
    const props = this.#props('Monitoring', names.writeRegion);
    const inside = {
      vpc: network.vpc,
      subnets: subnets.egress,
      securityGroups: [network.securityGroup(groupNames.prober)],
    };
    const stack = new MonitoringStack(this.#app, props.stackName, {
      ...props,
      ...(aws.access === 'private' && { network: inside }),
    });
    for (const each of this.#foundation) stack.addStackDependency(each, 'the roles of the functions');
  }

  /** Also where IAM reports, which is one region for all. */
  #addAudits(): void {
    const { names } = this.#deployment;
    const sides = names.keysAccount === names.account ? (['main'] as const) : (['main', 'keys'] as const);
    for (const account of sides) {
      for (const region of auditRegions(this.#deployment, account)) {
        const props = this.#props(account === 'main' ? 'Audit' : 'KeysAudit', region);
        new AuditStack(this.#app, props.stackName, { ...props, account });
      }
    }
  }

  #add<S extends Stack>(
    kind: new (scope: App, id: string, props: StackProps & { deployment: Deployment; region: string }) => S,
    name: string,
    region: string,
  ): S {
    const props = this.#props(name, region);
    return new kind(this.#app, props.stackName, props);
  }

  #props(name: string, region: string) {
    const { names } = this.#deployment;
    const stackName = names.stack(name, region);
    const { writeOnce } = this.#deployment;
    return { deployment: this.#deployment, region, stackName, writeOnce, env: { account: names.account, region } };
  }
}

function assertComplete({ waiting }: Readiness): void {
  const [first] = waiting;
  if (first === undefined) return;
  const text = waiting.map(({ service, missing }) => `${service}: ${missing}`).join('; ');
  throw new ToolkitError('AWS_INCOMPLETE', {
    message: `expected every service to be ready, and these wait: ${text}`,
    fault: 'input',
    data: { waiting },
    hint: `next: ${first.next}`,
  });
}
