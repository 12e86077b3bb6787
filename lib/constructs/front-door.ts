import { Duration } from 'aws-cdk-lib';
import {
  Certificate,
  CertificateValidation,
  type ICertificate,
  KeyAlgorithm,
} from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ListenerAction,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { publicEdgeLimits } from '../../src/services/edge.ts';
import type { Deployment } from '../deployment.ts';
import { edgeHosts } from '../edge-hosts.ts';
import { listenerPort } from './security-groups.ts';
import { subnets } from './service-network.ts';

export interface FrontDoorProps {
  readonly deployment: Deployment;
  readonly region: string;
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  /** For access logs. */
  readonly logBucket: IBucket;
}

/**
 * The load balancer of a region. It has no address on the Internet: CloudFront, or the network that it is in, comes to
 * it. Each service adds the rules for its own host; what no rule admits is answered 404.
 */
export class FrontDoor extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly listener: ApplicationListener;

  constructor(scope: Construct, id: string, { deployment, region, vpc, securityGroup, logBucket }: FrontDoorProps) {
    super(scope, id);
    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      securityGroup,
      vpcSubnets: subnets.services,
      internetFacing: false,
      deletionProtection: true,
      dropInvalidHeaderFields: true,
      // Longer than Fulcio may take.
      idleTimeout: Duration.seconds(60),
    });
    this.loadBalancer.logAccessLogs(logBucket, 'load-balancer');
    const certificate = this.#certificate(deployment, region);
    this.listener = this.loadBalancer.addListener('Listener', {
      port: listenerPort(deployment),
      // The group says who may come.
      open: false,
      ...(certificate
        ? { protocol: ApplicationProtocol.HTTPS, certificates: [certificate], sslPolicy: SslPolicy.TLS13_RES }
        : { protocol: ApplicationProtocol.HTTP }),
      defaultAction: ListenerAction.fixedResponse(404, { contentType: 'text/plain', messageBody: 'not found' }),
    });
  }

  /** One wildcard, so that a new shard needs no new certificate; and what is deeper in the domain by its own name. */
  #certificate({ aws, config, names }: Deployment, region: string): ICertificate | undefined {
    if (aws.zone === undefined) return undefined;
    const { domain } = config.instance;
    const hosts = edgeHosts(config, { region, writeRegion: names.writeRegion, limits: publicEdgeLimits });
    const deeper = hosts
      .map(({ host }) => host)
      .filter((host) => host.slice(0, -domain.length - 1).includes('.'))
      .toSorted();
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: aws.zone, zoneName: domain });
    return new Certificate(this, 'Certificate', {
      domainName: `*.${domain}`,
      ...(deeper.length > 0 && { subjectAlternativeNames: deeper }),
      validation: CertificateValidation.fromDns(zone),
      keyAlgorithm: KeyAlgorithm.EC_PRIME256V1,
    });
  }
}
