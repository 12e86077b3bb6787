import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  ApplicationListenerRule,
  ApplicationTargetGroup,
  type IApplicationListener,
  ListenerAction,
  ListenerCondition,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LambdaTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EdgeHost } from '../edge-hosts.ts';
import { readFunctionCode } from './read-function-code.ts';

export interface ReadPathProps {
  readonly host: EdgeHost;
  readonly bucket: { readonly name: string; readonly arn: string };
  readonly listener: IApplicationListener;
  /** Of the listener rule: before the rule of the service of the same host. */
  readonly priority: number;
  readonly logGroupName: string;
}

/** The read path of one host inside the network: the load balancer asks a function, which asks the bucket. */
export class ReadPath extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ReadPathProps) {
    super(scope, id);
    this.function = this.#function(props);
    const group = new ApplicationTargetGroup(this, 'Targets', {
      targetType: TargetType.LAMBDA,
      targets: [new LambdaTarget(this.function)],
    });
    // The load balancers of every customer of AWS are the same service.
    const permissions = this.function.node.findAll().filter((each) => each instanceof CfnPermission);
    for (const permission of permissions) permission.sourceAccount = Stack.of(this).account;
    new ApplicationListenerRule(this, 'Rule', {
      listener: props.listener,
      priority: props.priority,
      conditions: [
        ListenerCondition.hostHeaders([props.host.host]),
        ListenerCondition.httpRequestMethods(['GET', 'HEAD']),
      ],
      action: ListenerAction.forward([group]),
    });
  }

  #function({ host, bucket, logGroupName }: ReadPathProps): LambdaFunction {
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `reads what ${host.host} publishes`,
    });
    // Without the list, a missing file would be answered 403: the next root of a TUF repository has to be a 404.
    role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${bucket.arn}/*`] }));
    role.addToPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.arn] }));
    logGroup.grantWrite(role);
    const reads = host.edge.routes.filter((route) => route.kind === 'read');
    return new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline(readFunctionCode(reads)),
      environment: { BUCKET: bucket.name },
      memorySize: 512,
      timeout: Duration.seconds(10),
      role,
      logGroup,
      description: `read path of ${host.host}`,
    });
  }
}
