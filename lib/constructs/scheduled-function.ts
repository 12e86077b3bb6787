import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaCode, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import type { Deployment, FunctionName } from '../deployment.ts';

/** Where a function runs that reaches what only the network of the instance reaches. */
export interface FunctionNetwork {
  readonly vpc: IVpc;
  /** @default the isolated subnets */
  readonly subnets?: SubnetSelection;
  readonly securityGroups: readonly ISecurityGroup[];
}

export interface ScheduledFunctionProps {
  readonly deployment: Deployment;
  readonly name: FunctionName;
  readonly description: string;
  readonly everyMinutes: number;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Besides `INSTANCE`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes what was never carried out. The role of the function must be allowed to send to it. */
  readonly undelivered: IQueue;
  /** How often it is tried again before the next time that it is due. @default 0 */
  readonly retries?: number;
  /** @default as many at once as there are */
  readonly reservedConcurrency?: number;
  /** @default no network: it speaks to AWS and to the public endpoints only */
  readonly network?: FunctionNetwork | undefined;
}

/** Lambda refuses more, for all variables of a function together. */
const maxEnvironmentBytes = 4_096;

/** A function of `operate/functions/` that runs by the clock, under a role that was made before and stays as it is. */
export class ScheduledFunction extends Construct {
  readonly function: LambdaCode;

  /** @throws AWS_FUNCTION_MISSING, AWS_FUNCTION_ENVIRONMENT */
  constructor(scope: Construct, id: string, props: ScheduledFunctionProps) {
    super(scope, id);
    const { deployment, name, retries = 0, everyMinutes, undelivered } = props;
    const { names } = deployment;
    const period = Duration.minutes(everyMinutes);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: names.logGroup(name),
      retention: RetentionDays.ONE_YEAR,
      // Its name is fixed: one that stayed would keep the stack from being made again. Evidence is kept in a bucket.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.function = new LambdaCode(this, 'Function', {
      functionName: `${names.instance}-${name}`,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.X86_64,
      handler: 'index.handler',
      code: Code.fromAsset(directoryOf(deployment, name)),
      role: Role.fromRoleArn(this, 'Role', names.roleArn(name, 'function'), { mutable: false }),
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMb,
      environment: environmentOf(props),
      logGroup,
      deadLetterQueue: undelivered,
      retryAttempts: retries,
      maxEventAge: period,
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.network && networkOf(props.network)),
    });
    const target = { deadLetterQueue: undelivered, retryAttempts: 2, maxEventAge: period };
    new Rule(this, 'Schedule', {
      ruleName: `${names.instance}-${name}`,
      description: props.description,
      schedule: Schedule.rate(period),
      targets: [new LambdaFunction(this.function, target)],
    });
  }
}

function directoryOf(deployment: Deployment, name: FunctionName): string {
  const directory = deployment.functions.get(name);
  if (directory !== undefined) return directory;
  throw new ToolkitError('AWS_FUNCTION_MISSING', {
    message: `${name}: expected the directory of its bundle, got none`,
    fault: 'caller',
    data: { function: name },
    hint: 'bundle the functions before the stacks are made',
  });
}

function environmentOf({ deployment, name, environment }: ScheduledFunctionProps): Record<string, string> {
  const all = { INSTANCE: deployment.names.instance, ...environment };
  const bytes = Object.entries(all).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  if (bytes <= maxEnvironmentBytes) return all;
  throw new ToolkitError('AWS_FUNCTION_ENVIRONMENT', {
    message: `${name}: expected at most ${maxEnvironmentBytes} bytes of environment, got ${bytes}`,
    fault: 'input',
    data: { function: name, bytes, maxBytes: maxEnvironmentBytes },
    hint: 'each log shard and authority takes some 120 bytes of it: end old shards, or split the instance',
  });
}

function networkOf({ vpc, subnets, securityGroups }: FunctionNetwork) {
  return { vpc, securityGroups: [...securityGroups], ...(subnets && { vpcSubnets: subnets }) };
}
