import { CfnOutput } from 'aws-cdk-lib';
import { type IVpc, Peer, Port, SecurityGroup, VpcEndpointService } from 'aws-cdk-lib/aws-ec2';
import {
  type IApplicationListener,
  type IApplicationLoadBalancer,
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { AlbArnTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import { Construct } from 'constructs';
import { subnets } from './service-network.ts';

export interface PrivateEntranceProps {
  readonly vpc: IVpc;
  readonly loadBalancer: IApplicationLoadBalancer;
  readonly listener: IApplicationListener;
  /** Of the listener. */
  readonly port: 80 | 443;
}

/**
 * PrivateLink for other networks: a network load balancer in front of the application load balancer, since an endpoint
 * service takes no other. Every connection to it is accepted by hand; nobody may ask before they are allowed to:
 * `aws ec2 modify-vpc-endpoint-service-permissions`.
 */
export class PrivateEntrance extends Construct {
  readonly service: VpcEndpointService;

  constructor(scope: Construct, id: string, { vpc, loadBalancer, listener, port }: PrivateEntranceProps) {
    super(scope, id);
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'PrivateLink entrance',
      allowAllOutbound: false,
    });
    group.addIngressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.tcp(port), 'health checks and peers');
    group.addEgressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.tcp(port), 'to the load balancer of the services');
    const entrance = new NetworkLoadBalancer(this, 'Entrance', {
      vpc,
      internetFacing: false,
      securityGroups: [group],
      vpcSubnets: subnets.services,
      // Whoever holds an accepted endpoint; their addresses are of networks that this one does not know.
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: false,
    });
    const targets = new NetworkTargetGroup(this, 'Targets', {
      vpc,
      port,
      protocol: Protocol.TCP,
      targetType: TargetType.ALB,
      targets: [new AlbArnTarget(loadBalancer.loadBalancerArn, port)],
      // The load balancer answers 404 to a name that is no service's: it is up.
      healthCheck: { protocol: port === 443 ? Protocol.HTTPS : Protocol.HTTP, path: '/', healthyHttpCodes: '200-499' },
    });
    // A target group of a load balancer without a listener on that port is refused.
    targets.node.addDependency(listener);
    entrance.addListener('Listener', { port, protocol: Protocol.TCP, defaultTargetGroups: [targets] });
    this.service = new VpcEndpointService(this, 'Service', {
      vpcEndpointServiceLoadBalancers: [entrance],
      acceptanceRequired: true,
      allowedPrincipals: [],
    });
    new CfnOutput(this, 'EndpointServiceName', { value: this.service.vpcEndpointServiceName });
  }
}
