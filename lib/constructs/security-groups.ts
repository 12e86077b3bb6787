import { type ISecurityGroup, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import { isInHsm } from '../../src/services/service.ts';
import { isLog, type PlacedService, placedServices } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';
import { databasePort } from '../render.ts';
import { portOf } from '../server-ports.ts';
import { cloudFrontPrefixList } from './cloudfront-prefix-list.ts';

/** Groups beside those of the services, which are named by service id. */
export const groupNames = {
  loadBalancer: 'load-balancer',
  database: 'database',
  endpoints: 'endpoints',
  /** Functions that work on the database. */
  functions: 'functions',
  /** Functions that use the instance as its clients do. */
  prober: 'prober',
} as const;

/** One way that packets may go. `from` and `to` are groups, IPv4 ranges, or prefix lists (`pl-…`). */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly why: string;
}

const everywhere = '0.0.0.0/0';

/** Returns every way that packets may go in the network of a region. What is not listed is not possible. */
export function networkEdges(deployment: Deployment, region: string): readonly Edge[] {
  const services = placedServices(deployment).filter((service) => service.region === region);
  const groups = [...services.map(({ id }) => id), groupNames.functions, groupNames.prober];
  return [
    ...clientEdges(deployment, region),
    ...services.flatMap(serviceEdges),
    ...hsmEdges(services, deployment),
    ...submissionEdges(services),
    edge(groupNames.functions, groupNames.database, databasePort, 'makes databases of shards'),
    ...groups.flatMap((from) => [
      edge(from, groupNames.endpoints, 443, 'AWS APIs'),
      // Only S3 is behind it where a subnet has no route to the Internet; where it has one, the issuers are.
      edge(from, everywhere, 443, 'S3, and the Internet where there is a route'),
    ]),
  ];
}

/** Port of the load balancer: TLS wherever there is a zone to have a certificate for. */
export function listenerPort({ aws }: Pick<Deployment, 'aws'>): 80 | 443 {
  return aws.zone === undefined ? 80 : 443;
}

function clientEdges(deployment: Deployment, region: string): readonly Edge[] {
  const { access, clientNetworks, network } = deployment.aws;
  const to = groupNames.loadBalancer;
  const port = listenerPort(deployment);
  if (access === 'public') return [edge(cloudFrontPrefixList(region), to, port, 'CloudFront')];
  return [
    ...clientNetworks.map((from) => edge(from, to, port, 'clients')),
    ...(clientNetworks.includes(network) ? [] : [edge(network, to, port, 'PrivateLink and the prober')]),
  ];
}

function serviceEdges(service: PlacedService): readonly Edge[] {
  const { id, kind } = service;
  return [
    ...(kind === 'ct' ? [] : [edge(groupNames.loadBalancer, id, portOf(id, 'http'), 'requests')]),
    ...(isLog(service) ? [edge(id, groupNames.database, databasePort, 'its databases')] : []),
  ];
}

/** Only a server with a key in the HSM reaches it. */
function hsmEdges(services: readonly PlacedService[], { aws: { hsm } }: Deployment): readonly Edge[] {
  if (!hsm) return [];
  return services
    .filter(({ key }) => isInHsm(key))
    .flatMap(({ id }) => hsm.ports.map((port) => edge(id, hsm.network, port, 'its HSM')));
}

/** Fulcio alone submits to CT logs. Older shards too: a deployment switches one task after the other. */
function submissionEdges(services: readonly PlacedService[]): readonly Edge[] {
  const fulcio = services.find(({ kind }) => kind === 'fulcio');
  if (!fulcio) return [];
  const logs = services.filter(({ kind }) => kind === 'ct');
  return logs.map(({ id }) => edge(fulcio.id, id, portOf(id, 'http'), 'certificates'));
}

function edge(from: string, to: string, port: number, why: string): Edge {
  return { from, to, port, why };
}

export interface SecurityGroupsProps {
  readonly vpc: IVpc;
  readonly deployment: Deployment;
  readonly region: string;
}

/** A security group for everything in a network, with exactly the edges of `networkEdges`. */
export class SecurityGroups extends Construct {
  readonly #groups: ReadonlyMap<string, SecurityGroup>;

  constructor(scope: Construct, id: string, { vpc, deployment, region }: SecurityGroupsProps) {
    super(scope, id);
    const services = placedServices(deployment).filter((service) => service.region === region);
    const names = [...Object.values(groupNames), ...services.map((service) => service.id)];
    this.#groups = new Map(names.map((name) => [name, this.#create(name, vpc, deployment.names.instance)]));
    for (const edge of networkEdges(deployment, region)) this.#allow(edge);
  }

  /** @throws AWS_SECURITY_GROUP for what does not run in this network */
  get(name: string): SecurityGroup {
    const group = this.#groups.get(name);
    if (group) return group;
    throw new ToolkitError('AWS_SECURITY_GROUP', {
      message: `${name}: it does not run in this network`,
      fault: 'caller',
      data: { name, groups: [...this.#groups.keys()] },
    });
  }

  #create(name: string, vpc: IVpc, instance: string): SecurityGroup {
    return new SecurityGroup(this, name, { vpc, description: `${instance} ${name}`, allowAllOutbound: false });
  }

  #allow({ from, to, port, why }: Edge): void {
    const [source, target] = [this.#groups.get(from), this.#groups.get(to)];
    const tcp = Port.tcp(port);
    if (source) source.addEgressRule(target ?? peerOf(to), tcp, why, target !== undefined);
    if (target) target.addIngressRule(source ?? peerOf(from), tcp, why, source !== undefined);
  }
}

function peerOf(place: string) {
  return place.startsWith('pl-') ? Peer.prefixList(place) : Peer.ipv4(place);
}

/** Returns a group as it is: who may speak to whom is decided here, and no other stack adds to it. */
export function fixedGroup(scope: Construct, id: string, { securityGroupId }: ISecurityGroup): ISecurityGroup {
  return SecurityGroup.fromSecurityGroupId(scope, id, securityGroupId, { mutable: false });
}
