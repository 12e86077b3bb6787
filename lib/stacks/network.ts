import { Annotations, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerInsights, type ICluster } from 'aws-cdk-lib/aws-ecs';
import type { ApplicationListener, ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import { FrontDoor } from '../constructs/front-door.ts';
import { groupNames, SecurityGroups } from '../constructs/security-groups.ts';
import { availabilityZones, ServiceNetwork } from '../constructs/service-network.ts';
import type { Deployment } from '../deployment.ts';

export interface NetworkStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
}

/** What the services of one region share: the network, who may speak to whom in it, the cluster and the load balancer. */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  readonly cluster: ICluster;
  readonly namespace: PrivateDnsNamespace;
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly listener: ApplicationListener;
  /** Access logs and flow logs. */
  readonly logBucket: IBucket;
  readonly #groups: SecurityGroups;
  readonly #zones: readonly string[];

  constructor(scope: Construct, id: string, { deployment, region, ...props }: NetworkStackProps) {
    super(scope, id, {
      description: `Network of ${deployment.names.instance} in ${region}`,
      env: { account: deployment.names.account, region },
      terminationProtection: true,
      ...props,
    });
    const { names, aws } = deployment;
    this.#zones = availabilityZones(region, aws.availability);
    this.logBucket = this.#createLogBucket(names.bucket('access-logs', region));
    const network = new ServiceNetwork(this, 'Network', { aws, region, logBucket: this.logBucket });
    const { vpc } = network;
    this.vpc = vpc;
    this.#groups = new SecurityGroups(this, 'Groups', { vpc, deployment, region });
    network.addEndpoints(this.#groups.get(groupNames.endpoints), aws);
    const cluster = new Cluster(this, 'Cluster', {
      vpc,
      clusterName: names.cluster,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    // The library's types are not exact about what may be undefined.
    this.cluster = cluster as ICluster;
    this.namespace = new PrivateDnsNamespace(this, 'Namespace', { name: names.namespace, vpc });
    const securityGroup = this.#groups.get(groupNames.loadBalancer);
    const door = new FrontDoor(this, 'FrontDoor', {
      deployment,
      region,
      vpc,
      securityGroup,
      logBucket: this.logBucket,
    });
    this.loadBalancer = door.loadBalancer;
    this.listener = door.listener;
    if (aws.zone === undefined) this.#warnPlainText();
  }

  /** Said here, so that to make the templates needs no credentials. */
  override get availabilityZones(): string[] {
    return [...this.#zones];
  }

  /**
   * Returns the group of a service, by its id, or one of `groupNames`.
   * @throws AWS_SECURITY_GROUP for what does not run in this region
   */
  securityGroup(name: string): ISecurityGroup {
    return this.#groups.get(name);
  }

  #createLogBucket(bucketName: string): IBucket {
    const bucket = new Bucket(this, 'AccessLogs', {
      bucketName,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // The load balancer writes to no bucket with another encryption.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Addresses of people: kept as long as an incident may take to be noticed, and no longer.
      lifecycleRules: [{ expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    return bucket as IBucket;
  }

  #warnPlainText(): void {
    Annotations.of(this).addWarningV2(
      'sigstead:load-balancer-without-tls',
      'aws.zone is not set: the load balancer has no certificate, and what reaches it crosses the network in plain text. For a trial only',
    );
  }
}
