import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import type { ReadyService } from '../readiness.ts';
import { type Placement, type RenderedContainer, renderContainer } from '../render.ts';
import { freezeProgram, renderFreeze } from '../render-freeze.ts';
import type { DatabaseStack } from '../stacks/database.ts';
import type { NetworkStack } from '../stacks/network.ts';
import { ServerService } from './server-service.ts';
import { ServerTask, type TaskSize } from './server-task.ts';

export interface ServerProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  /** Of the same region. */
  readonly network: NetworkStack;
  /** Of the same region; for a log. */
  readonly database?: DatabaseStack;
  readonly subnets: SubnetSelection;
  readonly size: TaskSize;
  /** How long ECS waits after it asked the server to stop; at most two minutes. */
  readonly stopTimeout: Duration;
}

/** One server of the instance on ECS Fargate: its task, what keeps it running, and for a log what ends it. */
export class Server extends Construct {
  readonly task: ServerTask;
  readonly service: ServerService;
  readonly logGroup: LogGroup;
  /**
   * For a log, unless its key is in a secret: `aws ecs run-task` with it freezes the shard, once its service is down to 0
   * tasks.
   */
  readonly freezeTask?: ServerTask;

  constructor(scope: Construct, id: string, props: ServerProps) {
    super(scope, id);
    const { deployment, service, network } = props;
    const { names } = deployment;
    const place = placementOf(props);
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: names.logGroup(service.id),
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const pin = this.#pinOf(props);
    const taskOf = (name: string, program: string, container: RenderedContainer) =>
      new ServerTask(this, name, {
        ...{ names, service: service.id, container, logGroup: this.logGroup, logPrefix: program },
        family:
          program === freezeProgram ? `${names.instance}-${service.id}-freeze` : `${names.instance}-${service.id}`,
        // Of the log too that is frozen: no other image reaches its key.
        image: names.image(service.image, service.digest, service.region),
        size: props.size,
        stopTimeout: props.stopTimeout,
        secretOf: { password: props.database?.secret(service.id), pin },
      });
    this.task = taskOf('Task', service.spec.program, renderContainer(service.spec, place));
    this.service = new ServerService(this, 'Service', {
      ...{ deployment, service, network, task: this.task },
      subnets: props.subnets,
    });
    if (service.log && (service.key || service.hsmKey || service.tinkKey) && !service.frozen)
      this.freezeTask = taskOf('Freeze', freezeProgram, renderFreeze(service.id, place));
  }

  /** The secret with a service's PIN: people made it, and no stack has its value. */
  #pinOf({ deployment, service }: ServerProps): ISecret | undefined {
    if (service.hsmKey === undefined) return undefined;
    return Secret.fromSecretNameV2(this, 'Pin', deployment.names.pinSecret(service.id));
  }
}

function placementOf({ deployment, service, database }: ServerProps): Placement {
  const { region, key, hsmKey, tinkKey, log } = service;
  const { hsm } = deployment.aws;
  const isThere = database !== undefined && log !== undefined;
  return {
    ...{ names: deployment.names, region },
    ...(key && { key }),
    ...(hsm && hsmKey && { hsm: { ...hsm, uri: hsmKey.uri } }),
    ...(tinkKey && { tink: tinkKey }),
    ...(log && { log }),
    ...(isThere && { database: { host: database.hostname, caPem: deployment.databaseCa(region) } }),
  };
}
