import { resourcesOf } from '../../../../lib/guardrails/assembly.ts';
import { add, alarm, group, type Mutation, on, type Writable } from './edit.ts';

export const networkMutations: readonly Mutation[] = [
  {
    rule: 'no-open-ingress',
    what: 'a database that is open to everybody',
    change: group('Ingress', { CidrIp: '0.0.0.0/0' }),
    also: ['network-edges'],
  },
  {
    rule: 'network-edges',
    what: 'a way in that is not in the table',
    change: group('Ingress', { CidrIp: '10.0.0.0/8' }),
  },
  {
    rule: 'network-edges',
    what: 'a way out that is not in the table',
    change: group('Egress', { CidrIp: '0.0.0.0/0' }),
  },
  {
    rule: 'network-edges',
    what: 'every port',
    change: on('AWS::EC2::SecurityGroupIngress', ({ Properties }) => {
      Properties.ToPort = 65_535;
    }),
  },
  {
    rule: 'network-edges',
    what: 'a way that is missing',
    change: (assembly) => {
      const [found] = resourcesOf(assembly, 'AWS::EC2::SecurityGroupIngress');
      if (found) delete (found.stack.resources as Writable)[found.id];
    },
  },
  {
    rule: 'network-edges',
    what: 'a stack that opens a group of the network',
    change: add(
      'AWS::EC2::SecurityGroupIngress',
      { GroupId: { 'Fn::ImportValue': 'database' }, CidrIp: '10.0.0.0/8', IpProtocol: '-1' },
      /-Edge$/,
    ),
  },
  {
    rule: 'egress-where-needed',
    what: 'a log without witnesses where the Internet is in reach',
    change: on(
      'AWS::ECS::Service',
      ({ Properties }) => {
        const { AwsvpcConfiguration } = Properties.NetworkConfiguration;
        AwsvpcConfiguration.Subnets = JSON.parse(
          JSON.stringify(AwsvpcConfiguration.Subnets).replaceAll('servicesSubnet', 'egressSubnet'),
        );
      },
      ({ properties }) => String(properties['ServiceName']).startsWith('ct-'),
    ),
  },
  {
    rule: 'no-public-address',
    what: 'a server on the Internet',
    change: on('AWS::ECS::Service', ({ Properties }) => {
      Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = 'ENABLED';
    }),
  },
  {
    rule: 'no-public-address',
    what: 'a database on the Internet',
    change: on('AWS::RDS::DBInstance', ({ Properties }) => {
      Properties.PubliclyAccessible = true;
    }),
  },
  {
    rule: 'no-public-address',
    what: 'a load balancer on the Internet',
    change: on('AWS::ElasticLoadBalancingV2::LoadBalancer', ({ Properties }) => {
      Properties.Scheme = 'internet-facing';
    }),
  },
];

export const instanceMutations: readonly Mutation[] = [
  {
    rule: 'one-owner',
    what: 'two shards of one database',
    change: (assembly) => {
      for (const { resource } of resourcesOf(assembly, 'Custom::ShardDatabase'))
        (resource as Writable).Properties.database = 'shared';
    },
  },
  {
    rule: 'one-owner',
    what: 'a bucket that is another’s',
    change: (assembly) => {
      const [one, other] = resourcesOf(assembly, 'AWS::S3::Bucket') as Writable;
      other.resource.Properties.BucketName = one.properties.BucketName;
    },
  },
  {
    rule: 'one-owner',
    what: 'a role that is another’s',
    change: (assembly) => {
      for (const { resource } of resourcesOf(assembly, 'AWS::IAM::Role').filter(({ properties }) =>
        /tsa-\d-execution$/.test(String(properties['RoleName'])),
      ))
        (resource as Writable).Properties.RoleName = 'acme-shared';
    },
  },
  { rule: 'alarm-has-runbook', what: 'an alarm that does not say what to do', change: alarm('something is wrong') },
  {
    rule: 'alarm-has-runbook',
    what: 'an alarm whose section is gone',
    change: alarm('gone: docs/operator-runbook.md#alarm-of-yesterday'),
  },
  { rule: 'alarm-has-runbook', what: 'an alarm without description', change: alarm(undefined) },
  { rule: 'known-custom-resources', what: 'a function of CDK', change: add('Custom::S3AutoDeleteObjects', {}) },
  {
    rule: 'function-has-its-role',
    what: 'a function under a role from elsewhere',
    change: on('AWS::Lambda::Function', ({ Properties }) => {
      Properties.Role = 'arn:aws:iam::012345678901:role/administrator';
    }),
  },
  {
    rule: 'function-has-its-role',
    what: 'a reader that writes',
    profile: 'private',
    change: on(
      'AWS::IAM::Policy',
      ({ Properties }) => {
        Properties.PolicyDocument.Statement[0].Action = 's3:PutObject';
      },
      ({ stack }) => stack.name.endsWith('-Edge'),
    ),
  },
  {
    rule: 'task-has-its-roles',
    what: 'a server under the role of another',
    change: on('AWS::ECS::TaskDefinition', ({ Properties }) => {
      Properties.TaskRoleArn = 'arn:aws:iam::012345678901:role/acme-prober-function';
    }),
  },
  {
    rule: 'function-bound-to-caller',
    what: 'a function that a service calls for anybody',
    profile: 'private',
    change: on(
      'AWS::Lambda::Permission',
      ({ Properties }) => {
        Properties.SourceAccount = undefined;
        delete Properties.SourceAccount;
      },
      ({ properties }) => 'SourceAccount' in properties,
    ),
  },
];
