import { Validations } from 'aws-cdk-lib';
import {
  FlowLog,
  FlowLogDestination,
  FlowLogResourceType,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  type IVpc,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { AwsConfig } from '../../src/config/config.ts';
import type { PlacedService } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';
import { asksOutside } from '../service-specs.ts';

/** Subnets by what they can reach. */
export const subnets = {
  /** Nothing but AWS, through endpoints: servers, the load balancer, functions. */
  services: { subnetGroupName: 'services' },
  /** The Internet too: Fulcio, which asks issuers for their keys, logs with witnesses, and the prober. */
  egress: { subnetGroupName: 'egress' },
  /** Nothing at all. */
  database: { subnetGroupName: 'database' },
} as const satisfies Readonly<Record<string, SubnetSelection>>;

/** Returns where the tasks of a server run. */
export function subnetsOf(service: Pick<PlacedService, 'id' | 'kind'>, deployment: Deployment): SubnetSelection {
  return asksOutside(service, deployment) ? subnets.egress : subnets.services;
}

/**
 * Letters of the zones where they are not a, b, c. Fixed, for `Fn::GetAZs` answers otherwise once AWS opens a zone, and
 * every subnet behind it would be made anew. An account that lacks one of these zones is told so by EC2.
 */
const zoneLetters: Readonly<Record<string, readonly string[]>> = {
  'ap-northeast-1': ['a', 'c', 'd'],
  'ca-central-1': ['a', 'b', 'd'],
  'us-west-1': ['a', 'c'],
};

/** Load balancer and database need two. */
const zonesOf = { dev: 2, ha: 3 } as const;

/** Returns the availability zones of a deployment, without asking AWS. */
export function availabilityZones(region: string, availability: AwsConfig['availability']): readonly string[] {
  const letters = zoneLetters[region] ?? ['a', 'b', 'c'];
  return letters.slice(0, zonesOf[availability]).map((letter) => `${region}${letter}`);
}

export interface ServiceNetworkProps {
  readonly aws: AwsConfig;
  readonly region: string;
  /** For flow logs. */
  readonly logBucket: IBucket;
}

/** The VPC of a region: an address range that never changes, and a way to the Internet for those alone that need one. */
export class ServiceNetwork extends Construct {
  readonly vpc: IVpc;

  constructor(scope: Construct, id: string, { aws, region, logBucket }: ServiceNetworkProps) {
    super(scope, id);
    const zones = availabilityZones(region, aws.availability);
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(aws.network),
      availabilityZones: [...zones],
      // Room for the third zone, so that no subnet moves when dev becomes ha.
      reservedAzs: Math.max(zonesOf.ha - zones.length, 0),
      natGateways: aws.availability === 'ha' ? Math.min(zones.length, 2) : 1,
      // Nothing is in the default group, and to empty it would take a function with rights on every group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
        { name: subnets.egress.subnetGroupName, subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        { name: subnets.services.subnetGroupName, subnetType: SubnetType.PRIVATE_ISOLATED },
        { name: subnets.database.subnetGroupName, subnetType: SubnetType.PRIVATE_ISOLATED },
      ],
    });
    // The library's types are not exact about what may be undefined.
    this.vpc = vpc as IVpc;
    Validations.of(vpc).acknowledge({
      id: 'CloudFormation-Validate::W3010',
      reason: 'the zones are fixed: with Fn::GetAZs a zone that AWS opens would make subnets anew',
    });
    new FlowLog(this, 'FlowLog', {
      resourceType: FlowLogResourceType.fromVpc(this.vpc),
      destination: FlowLogDestination.toS3(logBucket, 'flow', { hiveCompatiblePartitions: true }),
      trafficType: FlowLogTrafficType.ALL,
    });
  }

  /** Makes the AWS APIs that servers call reachable without a way to the Internet. */
  addEndpoints(group: ISecurityGroup, { availability }: AwsConfig): void {
    this.vpc.addGatewayEndpoint('S3', {
      service: GatewayVpcEndpointAwsService.S3,
      subnets: [subnets.services, subnets.egress],
    });
    const { availabilityZones: all } = this.vpc;
    for (const [name, service] of Object.entries(apis)) {
      this.vpc.addInterfaceEndpoint(name, {
        service,
        // The caller's group, not the range of the network, says who may.
        open: false,
        securityGroups: [group],
        // An endpoint costs the same again in each zone.
        subnets: { ...subnets.services, availabilityZones: availability === 'ha' ? all : all.slice(0, 1) },
      });
    }
  }
}

const apis = {
  Kms: InterfaceVpcEndpointAwsService.KMS,
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Sts: InterfaceVpcEndpointAwsService.STS,
} as const;
