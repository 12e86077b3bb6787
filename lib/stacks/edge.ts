import { createHash } from 'node:crypto';
import { Annotations, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  CachePolicy,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  OriginProtocolPolicy,
  OriginSslPolicy,
  ResponseHeadersPolicy,
  VpcOrigin,
  VpcOriginEndpoint,
} from 'aws-cdk-lib/aws-cloudfront';
import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { IApplicationListener, IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { AaaaRecord, ARecord, HostedZone, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget, LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { AwsConfig } from '../../src/config/config.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { publicEdgeLimits } from '../../src/services/edge.ts';
import { PrivateEntrance } from '../constructs/private-entrance.ts';
import { type DistributionPolicies, ReadDistribution } from '../constructs/read-distribution.ts';
import { ReadPath } from '../constructs/read-path.ts';
import { WriteFirewall } from '../constructs/write-firewall.ts';
import type { Deployment } from '../deployment.ts';
import { type EdgeHost, edgeHosts, readSlots } from '../edge-hosts.ts';
import { edgeProblems } from '../edge-problems.ts';
import { assertNoReadinessProblems } from '../readiness-problems.ts';

export interface EdgeStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  readonly vpc: IVpc | Vpc;
  /** Internal, in the same region. */
  readonly loadBalancer: IApplicationLoadBalancer;
  readonly listener: IApplicationListener;
  /** Of `EdgeCertificateStack`; needed where `aws.access` is public and there is a zone. */
  readonly certificate?: ICertificate;
}

/** The rules of read paths come before those of services, whose priorities start above. */
export const firstServicePriority = readSlots + 1;

/**
 * How clients reach the services of one region. Public: a CloudFront distribution per host, files from buckets, requests
 * through a VPC origin to the internal load balancer. Private: the load balancer, and PrivateLink for other networks.
 */
export class EdgeStack extends Stack {
  readonly hosts: readonly EdgeHost[];
  readonly firewall: WriteFirewall;

  /** @throws what `edgeProblems` found, all at once */
  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    super(scope, id, { description: `Edge of ${props.deployment.names.instance} in ${props.region}`, ...props });
    const { deployment, region, loadBalancer } = props;
    const { aws, names, config } = deployment;
    assertNoReadinessProblems(edgeProblems(deployment));
    this.hosts = edgeHosts(config, { region, writeRegion: names.writeRegion, limits: publicEdgeLimits });
    this.firewall = new WriteFirewall(this, 'Firewall', {
      name: names.stack('edge', region),
      loadBalancerArn: loadBalancer.loadBalancerArn,
      hosts: this.hosts,
      limits: publicEdgeLimits,
      client: aws.access === 'public' ? 'viewer' : 'connection',
      reads: aws.access === 'private',
      ...(aws.writers === 'network' && { writers: writersOf(aws) }),
    });
    if (aws.access === 'public') this.#public(props);
    else this.#private(props);
    if (aws.zone === undefined) {
      Annotations.of(this).addWarningV2(
        'sigstead:edge-without-zone',
        `aws.zone is not set: nothing answers under ${config.instance.domain}, and requests reach the load balancer without TLS. For a trial only: what clients are told to trust names hosts of that domain`,
      );
    }
  }

  #public({ deployment, region, loadBalancer, certificate }: EdgeStackProps): void {
    const { names, aws } = deployment;
    if (aws.zone !== undefined && certificate === undefined) {
      throw new ToolkitError('AWS_CERTIFICATE_REGION', {
        message: `${this.stackName}: expected the certificate of the Edge certificate stack, got none`,
        fault: 'caller',
      });
    }
    const policies = this.#policies(names.stack('edge', region));
    const needsServers = this.hosts.some(({ edge }) => edge.routes.some(({ kind }) => kind === 'forward'));
    const servers = needsServers ? this.#servers(loadBalancer, names.stack('edge', region), aws) : undefined;
    const zone = this.#zone(deployment);
    for (const host of this.hosts) {
      const { distribution } = new ReadDistribution(this, `Host-${host.id}`, {
        host,
        instance: names.instance,
        policies,
        ...(host.bucketOwner !== undefined && { bucket: { name: names.bucket(host.bucketOwner, region), region } }),
        ...(servers && { servers }),
        ...(certificate && zone && { certificate }),
      });
      this.#announce(host, distribution.distributionDomainName);
      if (zone === undefined) continue;
      const alias = {
        zone,
        recordName: `${host.host}.`,
        target: RecordTarget.fromAlias(new CloudFrontTarget(distribution)),
      };
      new ARecord(this, `Ipv4-${host.id}`, alias);
      new AaaaRecord(this, `Ipv6-${host.id}`, alias);
    }
  }

  #private({ deployment, region, loadBalancer, listener, vpc }: EdgeStackProps): void {
    const { names, aws } = deployment;
    const zone = this.#zone(deployment);
    const priorities = readPriorities(this.hosts);
    for (const host of this.hosts) {
      if (host.bucketOwner !== undefined) {
        new ReadPath(this, `Host-${host.id}`, {
          host,
          bucket: { name: names.bucket(host.bucketOwner, region), arn: names.bucketArn(host.bucketOwner, region) },
          listener,
          priority: priorities.get(host.id) ?? 1,
          logGroupName: names.logGroup(`read-${host.id}`),
        });
      }
      this.#announce(host, loadBalancer.loadBalancerDnsName);
      if (zone === undefined) continue;
      const target = RecordTarget.fromAlias(new LoadBalancerTarget(loadBalancer));
      new ARecord(this, `Ipv4-${host.id}`, { zone, recordName: `${host.host}.`, target });
    }
    new PrivateEntrance(this, 'PrivateLink', {
      vpc: vpc as IVpc,
      loadBalancer,
      listener,
      port: aws.zone === undefined ? 80 : 443,
    });
  }

  #servers(loadBalancer: IApplicationLoadBalancer, name: string, aws: AwsConfig): VpcOrigin {
    return new VpcOrigin(this, 'Servers', {
      endpoint: VpcOriginEndpoint.applicationLoadBalancer(loadBalancer),
      vpcOriginName: name,
      // Without a zone the load balancer has no certificate.
      protocolPolicy: aws.zone === undefined ? OriginProtocolPolicy.HTTP_ONLY : OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
    });
  }

  #policies(name: string): DistributionPolicies {
    return {
      reads: new CachePolicy(this, 'Reads', {
        cachePolicyName: `${name}-reads`,
        comment: 'as the origin says; nothing is kept that says nothing',
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.seconds(0),
        maxTtl: Duration.days(365),
        enableAcceptEncodingGzip: true,
        enableAcceptEncodingBrotli: true,
      }),
      readHeaders: new ResponseHeadersPolicy(this, 'ReadHeaders', {
        responseHeadersPolicyName: `${name}-reads`,
        comment: 'public files, also for web pages',
        corsBehavior: {
          accessControlAllowOrigins: ['*'],
          accessControlAllowMethods: ['GET', 'HEAD'],
          accessControlAllowHeaders: ['*'],
          accessControlAllowCredentials: false,
          originOverride: true,
        },
        securityHeadersBehavior: hardened,
      }),
      writeHeaders: new ResponseHeadersPolicy(this, 'WriteHeaders', {
        responseHeadersPolicyName: `${name}-writes`,
        comment: 'answers of servers are nobody else to keep',
        securityHeadersBehavior: hardened,
        customHeadersBehavior: { customHeaders: [{ header: 'cache-control', value: 'no-store', override: true }] },
      }),
    };
  }

  #zone({ aws, config }: Deployment): IHostedZone | undefined {
    if (aws.zone === undefined) return undefined;
    return HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: aws.zone,
      zoneName: config.instance.domain,
    });
  }

  #announce(host: EdgeHost, value: string): void {
    const id = `Name-${host.id}`.replace(/(?:^|-)([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
    new CfnOutput(this, id.replaceAll(/[^A-Za-z0-9]/g, ''), { value, description: `answers for ${host.host}` });
  }
}

/** Of every answer: these hosts serve no pages. */
const hardened = {
  contentTypeOptions: { override: true },
  strictTransportSecurity: {
    accessControlMaxAge: Duration.days(365),
    includeSubdomains: false,
    override: true,
  },
  frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
  referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
};

/** From the name, and not from a position: a shard that is added must not move the rules of the others. */
function readPriorities(hosts: readonly EdgeHost[]): ReadonlyMap<string, number> {
  const taken = new Map<number, string>();
  for (const { id } of hosts.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const start = createHash('sha256').update(id).digest().readUInt32BE() % readSlots;
    const slots = Array.from({ length: readSlots }, (_, step) => 1 + ((start + step) % readSlots));
    const free = slots.find((slot) => !taken.has(slot));
    // There is one: `edgeProblems` refuses more hosts than that.
    if (free !== undefined) taken.set(free, id);
  }
  return new Map([...taken].map(([slot, id]) => [id, slot]));
}

/** Over PrivateLink a writer has an address of this network; who gets such an endpoint was accepted by hand. */
function writersOf({ access, clientNetworks, network }: AwsConfig): readonly string[] {
  return access === 'private' ? [...new Set([...clientNetworks, network])] : clientNetworks;
}
