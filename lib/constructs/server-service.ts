import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  AlarmBehavior,
  AvailabilityZoneRebalancing,
  FargateService,
  type FargateServiceProps,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationListener,
  ApplicationListenerRule,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  TargetGroupLoadBalancingAlgorithmType,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { DnsRecordType } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import { listenerRules } from '../listener-rules.ts';
import type { ReadyService } from '../readiness.ts';
import { startSecondsOf } from '../render.ts';
import { portOf } from '../server-ports.ts';
import type { NetworkStack } from '../stacks/network.ts';
import { fixedGroup, groupNames } from './security-groups.ts';
import type { ServerTask } from './server-task.ts';

export interface ServerServiceProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  readonly network: NetworkStack;
  readonly task: ServerTask;
  readonly subnets: SubnetSelection;
}

/** Keeps the tasks of a server running, and brings requests to it: by the load balancer, or by name for its peers. */
export class ServerService extends Construct {
  readonly service: FargateService;
  /** Absent for a server that only its peers reach. */
  readonly targetGroup?: ApplicationTargetGroup;

  constructor(scope: Construct, id: string, props: ServerServiceProps) {
    super(scope, id);
    const { deployment, service } = props;
    const isEdge = service.spec.ports.some(({ reach }) => reach === 'edge');
    const tasks = service.frozen ? none : tasksOf[deployment.aws.availability];
    if (isEdge) this.targetGroup = this.#targetGroup(props);
    const alarms = this.targetGroup ? this.#alarms(props, this.targetGroup) : [];
    this.service = new FargateService(this, 'Service', {
      ...running(props),
      // Autoscaling goes on from there after a deployment.
      desiredCount: tasks.min,
      ...(tasks.max > 1 && { availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED }),
      securityGroups: [fixedGroup(this, 'Group', props.network.securityGroup(service.id))],
      ...(isEdge ? behindLoadBalancer(props) : foundByName(props)),
    });
    // A deployment that could not be watched would not be taken back.
    this.service.node.addDependency(...alarms);
    if (this.targetGroup) this.#admit(this.targetGroup, props);
    if (tasks.max > 1) this.#scale(tasks);
  }

  #targetGroup({ service: { id, spec }, network }: ServerServiceProps): ApplicationTargetGroup {
    return new ApplicationTargetGroup(this, 'Targets', {
      vpc: network.vpc,
      targetType: TargetType.IP,
      protocol: ApplicationProtocol.HTTP,
      port: portOf(id, 'http'),
      loadBalancingAlgorithmType: TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
      // As long as the slowest request. ECS waits for it before it asks a task to stop.
      deregistrationDelay: Duration.seconds(40),
      healthCheck: {
        path: spec.health.path,
        healthyHttpCodes: '200',
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    });
  }

  /** Adds the rules of the service's host; the listener itself, and who may speak to whom, are the Network stack's. */
  #admit(targetGroup: ApplicationTargetGroup, { deployment, service, network }: ServerServiceProps): void {
    const listener = ApplicationListener.fromApplicationListenerAttributes(this, 'Listener', {
      listenerArn: network.listener.listenerArn,
      securityGroup: fixedGroup(this, 'ListenerGroup', network.securityGroup(groupNames.loadBalancer)),
    });
    for (const { host, method, paths, priority } of listenerRules(service.id, service.region, deployment)) {
      new ApplicationListenerRule(this, `${method}${paths.join('')}`, {
        listener,
        priority,
        conditions: [
          ListenerCondition.hostHeaders([host]),
          ListenerCondition.httpRequestMethods([method]),
          ListenerCondition.pathPatterns([...paths]),
        ],
        action: ListenerAction.forward([targetGroup]),
      });
    }
    this.service.attachToApplicationTargetGroup(targetGroup);
    // ECS refuses a target group that no listener uses yet.
    this.service.node.addDependency(targetGroup.loadBalancerAttached);
  }

  /** The alarms by which ECS takes a deployment back. */
  #alarms({ deployment, service, network }: ServerServiceProps, targets: ApplicationTargetGroup): readonly Alarm[] {
    const dimensionsMap = {
      LoadBalancer: network.loadBalancer.loadBalancerFullName,
      TargetGroup: targets.targetGroupFullName,
    };
    return failures.map(
      (metricName) =>
        new Alarm(this, metricName, {
          alarmName: alarmName(metricName, service, deployment),
          alarmDescription: `${service.id} fails while it is deployed, and the deployment is taken back: ${deploymentRunbook}`,
          metric: new Metric({
            ...{ namespace: 'AWS/ApplicationELB', metricName, dimensionsMap },
            ...{ statistic: 'Sum', period: Duration.minutes(1) },
          }),
          threshold: 5,
          evaluationPeriods: 2,
          comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
          treatMissingData: TreatMissingData.NOT_BREACHING,
        }),
    );
  }

  #scale({ min, max }: { readonly min: number; readonly max: number }): void {
    const scaling = this.service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max });
    scaling.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: 60,
      scaleInCooldown: Duration.minutes(5),
      scaleOutCooldown: Duration.minutes(1),
    });
  }
}

/** Where the runbook says what to do. */
export const deploymentRunbook = 'docs/operator-runbook.md#deployment-rolled-back';

const tasksOf = { dev: { min: 1, max: 1 }, ha: { min: 2, max: 6 } } as const;

/** A server that started again would be refused by its gate, over and over. */
const none = { min: 0, max: 0 } as const;

const failures = ['HTTPCode_Target_5XX_Count', 'TargetConnectionErrorCount'] as const;

/** Fixed: the service refers to its alarms by name, for they look at the target group that it belongs to. */
function alarmName(metric: string, { id }: ReadyService, { names }: Deployment): string {
  return `${names.instance}-${id}-${metric}`;
}

function running({ service, network, task, subnets }: ServerServiceProps) {
  return {
    serviceName: service.id,
    cluster: network.cluster,
    taskDefinition: task.definition,
    // A deployment adds before it takes away.
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { rollback: true },
    assignPublicIp: false,
    enableExecuteCommand: false,
    enableECSManagedTags: true,
    propagateTags: PropagatedTagSource.SERVICE,
    vpcSubnets: subnets,
  } as const;
}

function behindLoadBalancer({ service, deployment }: ServerServiceProps): Partial<FargateServiceProps> {
  return {
    healthCheckGracePeriod: Duration.seconds(startSecondsOf(service.spec)),
    deploymentAlarms: {
      alarmNames: failures.map((metric) => alarmName(metric, service, deployment)),
      behavior: AlarmBehavior.ROLLBACK_ON_ALARM,
    },
  };
}

/**
 * Without alarms that take a deployment back: a load balancer counts nothing of its requests. Its health check is of
 * what it publishes, and a circuit breaker counts that.
 */
function foundByName({ service, network }: ServerServiceProps): Partial<FargateServiceProps> {
  return {
    cloudMapOptions: {
      name: service.id,
      cloudMapNamespace: network.namespace,
      dnsRecordType: DnsRecordType.A,
      dnsTtl: Duration.seconds(10),
    },
  };
}
