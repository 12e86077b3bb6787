import { Duration, Validations } from 'aws-cdk-lib';
import {
  Capability,
  type ContainerDefinition,
  ContainerDependencyCondition,
  ContainerImage,
  type ContainerImageConfig,
  CpuArchitecture,
  Secret as EcsSecret,
  FargateTaskDefinition,
  type HealthCheck,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Names } from '../names.ts';
import type { RenderedContainer } from '../render.ts';

export interface ServerTaskProps {
  readonly names: Names;
  /** Whose roles it has. */
  readonly service: string;
  readonly family: string;
  /** With its digest. */
  readonly image: string;
  readonly container: RenderedContainer;
  readonly size: TaskSize;
  readonly stopTimeout: Duration;
  readonly logGroup: ILogGroup;
  readonly logPrefix: string;
  /** By what a container's secrets say: that of the shard's database user, and that of the PIN. */
  readonly secretOf: Readonly<Record<'password' | 'pin', ISecret | undefined>>;
}

export interface TaskSize {
  /** 1024 is one processor. */
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** Nobody: the images have no other user, and no shell that could become one. */
const user = '65532:65532';

/** A task whose containers can write nowhere and may do nothing but what its role says: a server, and its gate. */
export class ServerTask extends Construct {
  readonly definition: FargateTaskDefinition;
  readonly container: ContainerDefinition;

  constructor(scope: Construct, id: string, props: ServerTaskProps) {
    super(scope, id);
    const { names, service, container, size } = props;
    const role = (kind: 'task' | 'execution') =>
      // What a role may do stands in the Roles stack; nothing here adds to it.
      Role.fromRoleArn(this, `${kind}Role`, names.roleArn(service, kind), { mutable: false });
    this.definition = new FargateTaskDefinition(this, 'Definition', {
      family: props.family,
      cpu: size.cpu,
      memoryLimitMiB: size.memoryMiB,
      taskRole: role('task'),
      executionRole: role('execution'),
      runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    });
    Validations.of(this.definition).acknowledge({
      id: 'CloudFormation-Validate::E1029',
      reason: 'what looks like a parameter of Fn::Sub is for entry, which puts files and passwords in',
    });
    this.container = this.#add('server', container, props);
    if (container.writeGate) {
      const gate = this.#add('gate', container.writeGate, { ...props, logPrefix: `${props.logPrefix}-gate` });
      // In the other order they are stopped: what the gate still forwards is answered.
      gate.addContainerDependencies({
        container: this.container,
        condition: ContainerDependencyCondition.START,
      });
      // The load balancer's requests go there.
      this.definition.defaultContainer = gate;
    }
  }

  #add(name: string, container: RenderedContainer, props: ServerTaskProps): ContainerDefinition {
    return this.definition.addContainer(name, {
      containerName: name,
      image: new PinnedImage(props.image),
      entryPoint: [...container.entryPoint],
      command: [...container.command],
      environment: { ...container.environment },
      secrets: secretsOf(container, props),
      portMappings: container.ports.map(({ name, port }) => ({ name, containerPort: port })),
      essential: true,
      readonlyRootFilesystem: true,
      user,
      linuxParameters: withoutCapabilities(this, name),
      stopTimeout: props.stopTimeout,
      ...(container.health && { healthCheck: healthCheckOf(container.health) }),
      logging: LogDriver.awsLogs({ logGroup: props.logGroup, streamPrefix: props.logPrefix }),
    });
  }
}

/**
 * An image of the instance's own registry by its digest. The library's own class would give the execution role rights
 * that it has already, and split the name into parts that only CloudFormation can put together.
 */
class PinnedImage extends ContainerImage {
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  override bind(): ContainerImageConfig {
    return { imageName: this.#name };
  }
}

/** After a minute without health ECS starts another task and ends this one. */
function healthCheckOf({ command, startSeconds }: NonNullable<RenderedContainer['health']>): HealthCheck {
  return {
    command: [...command],
    interval: Duration.seconds(15),
    timeout: Duration.seconds(5),
    retries: 4,
    startPeriod: Duration.seconds(startSeconds),
  };
}

function withoutCapabilities(scope: Construct, container: string): LinuxParameters {
  // `entry` becomes the server and stays process 1, so an init process would only be in the way of its signals.
  const parameters = new LinuxParameters(scope, container === 'server' ? 'Linux' : `${container}Linux`, {
    initProcessEnabled: false,
  });
  parameters.dropCapabilities(Capability.ALL);
  return parameters;
}

function secretsOf({ secrets: named }: RenderedContainer, { secretOf }: ServerTaskProps): Record<string, EcsSecret> {
  const secrets = Object.entries(named).flatMap(([name, kind]) => {
    const secret = secretOf[kind];
    // A PIN is the whole of its secret.
    return secret
      ? [[name, EcsSecret.fromSecretsManager(secret, kind === 'password' ? kind : undefined)] as const]
      : [];
  });
  return Object.fromEntries(secrets);
}
