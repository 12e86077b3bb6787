import type { Rule } from '../../../src/core/rules.ts';
import { placedServices } from '../../access/placement.ts';
import { networkEdges } from '../../constructs/security-groups.ts';
import { asksOutside } from '../../service-specs.ts';
import {
  type GuardedInstance,
  listOf,
  type Properties,
  resourcesOf,
  type StackTemplate,
  section,
  sectionsOf,
} from '../assembly.ts';
import { textOf } from '../policy.ts';

export const networkRules: readonly Rule<GuardedInstance>[] = [
  {
    id: 'no-open-ingress',
    title: 'no group of the network is open to everybody: CloudFront is, and it filters',
    check: ({ assembly }) =>
      entriesOf(assembly, 'Ingress')
        .filter(({ entry }) => entry['CidrIp'] === '0.0.0.0/0' || entry['CidrIpv6'] === '::/0')
        .map(({ where }) => ({ where, message: 'expected nobody from everywhere' })),
  },
  {
    id: 'network-edges',
    title: 'packets go the ways that the table of the network lists, and no others',
    check: (instance) => instance.assembly.flatMap((stack) => edgeProblems(stack, instance)),
  },
  {
    id: 'egress-where-needed',
    title: 'a server is where the Internet is in reach only if it asks somebody there: issuers, witnesses',
    check: ({ assembly, deployment }) =>
      resourcesOf(assembly, 'AWS::ECS::Service').flatMap(({ where, properties }) => {
        const { ServiceName: name, NetworkConfiguration } = properties;
        const service = placedServices(deployment).find(({ id }) => id === name);
        const { Subnets } = section(properties, 'NetworkConfiguration', 'AwsvpcConfiguration');
        const expected = service && asksOutside(service, deployment) ? 'egress' : 'services';
        const isThere = listOf(Subnets).every((subnet) => textOf(subnet).includes(`${expected}Subnet`));
        if (service && isThere && listOf(Subnets).length > 0) return [];
        return [{ where, message: `expected the subnets ${expected}, got ${textOf(NetworkConfiguration)}` }];
      }),
  },
  {
    id: 'no-public-address',
    title: 'no server and no database has an address on the Internet',
    check: ({ assembly }) => [
      ...resourcesOf(assembly, 'AWS::ECS::Service')
        .filter(({ properties }) => {
          const { AssignPublicIp } = section(properties, 'NetworkConfiguration', 'AwsvpcConfiguration');
          return AssignPublicIp !== 'DISABLED';
        })
        .map(({ where }) => ({ where, message: 'expected AssignPublicIp DISABLED' })),
      ...resourcesOf(assembly, 'AWS::RDS::DBInstance')
        .filter(({ properties }) => properties['PubliclyAccessible'] !== false)
        .map(({ where }) => ({ where, message: 'expected PubliclyAccessible false' })),
      ...resourcesOf(assembly, 'AWS::ElasticLoadBalancingV2::LoadBalancer')
        .filter(({ properties }) => properties['Scheme'] !== 'internal')
        .map(({ where }) => ({ where, message: 'expected an internal load balancer' })),
    ],
  },
];

type Way = 'Ingress' | 'Egress';

interface Entry {
  readonly where: string;
  readonly stack: StackTemplate;
  /** Logical id of the group, or what stands for that of another stack. */
  readonly group: string;
  readonly way: Way;
  readonly entry: Properties;
}

/** Returns what the groups of the instance admit or send, in them and beside them. */
function entriesOf(assembly: GuardedInstance['assembly'], way: Way): readonly Entry[] {
  const inline = resourcesOf(assembly, 'AWS::EC2::SecurityGroup').flatMap(({ where, stack, id, properties }) =>
    sectionsOf(properties[`SecurityGroup${way}`]).map((entry) => ({ where, stack, group: id, way, entry })),
  );
  const beside = resourcesOf(assembly, `AWS::EC2::SecurityGroup${way}`).map(({ where, stack, properties }) => {
    return { where, stack, group: groupOf(properties['GroupId']), way, entry: properties };
  });
  return [...inline, ...beside].filter(({ entry }) => !isNowhere(entry));
}

/** CDK says "nothing" by a range that nobody has. */
function isNowhere({ CidrIp, IpProtocol }: Properties): boolean {
  return CidrIp === '255.255.255.255/32' && IpProtocol === 'icmp';
}

function groupOf(value: unknown): string {
  const [id] = [section({ value }, 'value')['Fn::GetAtt']].flat();
  return typeof id === 'string' ? id : textOf(value);
}

/** The groups of a network stack have its table. Others, as the entrance of PrivateLink, have a place outside of it. */
function edgeProblems(stack: StackTemplate, { deployment }: GuardedInstance) {
  const { names } = deployment;
  if (stack.name !== names.stack('Network', stack.region)) return foreignProblems(stack);
  const groups = new Map(
    resourcesOf([stack], 'AWS::EC2::SecurityGroup').map(({ id, properties }) => [
      id,
      nameOf(properties, names.instance),
    ]),
  );
  const known = new Set(groups.values());
  const table = networkEdges(deployment, stack.region);
  const expected = new Set(
    table.flatMap(({ from, to, port }) => [
      ...(known.has(from) ? [`${from} sends to ${to}:${port}`] : []),
      ...(known.has(to) ? [`${to} admits ${from}:${port}`] : []),
    ]),
  );
  const found = new Map(
    [...entriesOf([stack], 'Ingress'), ...entriesOf([stack], 'Egress')].map((each) => [
      sentence(each, groups),
      each.where,
    ]),
  );
  return [
    ...[...found]
      .filter(([way]) => !expected.has(way))
      .map(([way, where]) => ({ where, message: `not in the table: ${way}` })),
    ...[...expected].filter((way) => !found.has(way)).map((way) => ({ where: stack.name, message: `missing: ${way}` })),
  ];
}

function nameOf({ GroupDescription }: Properties, instance: string): string {
  return String(GroupDescription).slice(instance.length + 1);
}

function sentence({ group, way, entry }: Entry, groups: ReadonlyMap<string, string>): string {
  const name = groups.get(group) ?? group;
  const peer = entry['CidrIp'] ?? entry['SourcePrefixListId'] ?? entry['DestinationPrefixListId'] ?? entry['CidrIpv6'];
  const other = groupOf(entry['SourceSecurityGroupId'] ?? entry['DestinationSecurityGroupId']);
  const { IpProtocol, FromPort, ToPort } = entry;
  const ports =
    IpProtocol === 'tcp' && FromPort === ToPort
      ? textOf(FromPort)
      : `${textOf(IpProtocol)} ${textOf(FromPort)}-${textOf(ToPort)}`;
  return `${name} ${way === 'Ingress' ? 'admits' : 'sends to'} ${peer === undefined ? (groups.get(other) ?? other) : textOf(peer)}:${ports.replaceAll('"', '')}`;
}

/** No other stack adds to a group of the network, and its own groups speak with the network alone. */
function foreignProblems(stack: StackTemplate) {
  const own = new Set(resourcesOf([stack], 'AWS::EC2::SecurityGroup').map(({ id }) => id));
  return [...entriesOf([stack], 'Ingress'), ...entriesOf([stack], 'Egress')]
    .filter(
      ({ group, entry }) => !own.has(group) || !('CidrIp' in entry) || !textOf(entry['CidrIp']).includes('CidrBlock'),
    )
    .map(({ where }) => ({ where, message: 'expected no way but to and from the network itself' }));
}
