import type { Complaint, Rule } from '../../../src/core/rules.ts';
import { type GuardedInstance, listOf, type Placed, resourcesOf, section } from '../assembly.ts';
import { actionsOf, isAllow, rolePoliciesOf } from '../policy.ts';

const ownCustomResources = ['Custom::ShardDatabase'];

/** What a function may do under a role that its own stack makes: hand out what is public. */
const readerActions = ['s3:GetObject', 's3:ListBucket', 'logs:CreateLogStream', 'logs:PutLogEvents'];

export const instanceRules: readonly Rule<GuardedInstance>[] = [
  {
    id: 'one-owner',
    title: 'no two things share a bucket, a database, a secret or a role',
    check: ({ assembly }) => [
      ...shared(resourcesOf(assembly, 'AWS::S3::Bucket'), 'BucketName'),
      // A role is one of its account, a database and a secret are of a region.
      ...shared(resourcesOf(assembly, 'AWS::IAM::Role'), 'RoleName'),
      ...assembly.flatMap((stack) => [
        ...shared(resourcesOf([stack], 'AWS::SecretsManager::Secret'), 'Name'),
        ...shared(resourcesOf([stack], 'Custom::ShardDatabase'), 'database', 'antispamDatabase'),
        ...shared(resourcesOf([stack], 'Custom::ShardDatabase'), 'user'),
      ]),
    ],
  },
  {
    id: 'alarm-has-runbook',
    title: 'every alarm ends in a link to a section of the runbook that exists',
    check: ({ assembly, anchors }) =>
      resourcesOf(assembly, 'AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm').flatMap(
        ({ where, properties }) => {
          const text = String(properties['AlarmDescription']);
          const anchor = /operator-runbook\.md#([a-z0-9-]+)$/.exec(text)?.[1];
          if (anchor !== undefined && anchors.has(anchor)) return [];
          return [{ where, message: `expected a link to a section of docs/operator-runbook.md, got ${text}` }];
        },
      ),
  },
  {
    id: 'known-custom-resources',
    title: 'what CloudFormation calls is ours: a function of CDK would be one more that nobody looked at',
    check: ({ assembly }) =>
      resourcesOf(assembly)
        .filter(({ type }) => type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')
        .filter(({ type }) => !ownCustomResources.includes(type))
        .map(({ where, type }) => ({
          where,
          message: `expected none but ${ownCustomResources.join(', ')}, got ${type}`,
        })),
  },
  {
    id: 'function-has-its-role',
    title: 'a function runs under the role that is kept for it, or under one that can only read what is public',
    check: (instance) =>
      resourcesOf(instance.assembly, 'AWS::Lambda::Function').flatMap((placed) => functionProblems(placed, instance)),
  },
  {
    id: 'task-has-its-roles',
    title: 'a task runs under the roles that are kept for its service',
    check: ({ assembly, deployment: { names } }) =>
      resourcesOf(assembly, 'AWS::ECS::TaskDefinition').flatMap(({ where, properties }) => {
        const service = String(properties['Family'])
          .slice(names.instance.length + 1)
          .replace(/-freeze$/, '');
        return (['task', 'execution'] as const)
          .map((kind) => [
            properties[kind === 'task' ? 'TaskRoleArn' : 'ExecutionRoleArn'],
            names.roleArn(service, kind),
          ])
          .filter(([got, expected]) => got !== expected)
          .map(([got, expected]) => ({ where, message: `expected ${String(expected)}, got ${JSON.stringify(got)}` }));
      }),
  },
  {
    id: 'function-bound-to-caller',
    title: 'what calls a function is one thing of this account: a service as such acts for every customer of AWS',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::Lambda::Permission')
        .filter(({ properties }) => String(properties['Principal']).endsWith('.amazonaws.com'))
        .filter(({ properties }) => !('SourceArn' in properties || 'SourceAccount' in properties))
        .map(({ where }) => ({ where, message: 'expected SourceArn or SourceAccount' })),
  },
];

/** The buckets of the keys' and the main account are told apart by their names, for those are of all accounts. */
function shared(resources: readonly Placed[], ...properties: readonly string[]): readonly Complaint[] {
  const owners = new Map<string, string>();
  return resources.flatMap(({ where, properties: own }) =>
    properties
      .map((property) => own[property])
      .filter((name) => typeof name === 'string')
      .flatMap((name) => {
        const owner = owners.get(name);
        owners.set(name, where);
        return owner === undefined ? [] : [{ where, message: `expected ${name} to be its own, got that of ${owner}` }];
      }),
  );
}

function functionProblems({ where, stack, properties }: Placed, { assembly, deployment }: GuardedInstance) {
  const { Role } = properties;
  if (typeof Role === 'string') {
    const name = Role.split('/').at(-1);
    const kept = resourcesOf(assembly, 'AWS::IAM::Role').some((role) => role.properties['RoleName'] === name);
    if (kept && Role.includes(`::${deployment.names.account}:role/`)) return [];
    return [{ where, message: `expected a role of the instance, got ${Role}` }];
  }
  const [made] = listOf(section(properties, 'Role')['Fn::GetAtt']);
  const statements = rolePoliciesOf(stack)
    .filter(({ role }) => role === made)
    .flatMap((policy) => policy.statements);
  const more = statements
    .filter(isAllow)
    .flatMap((statement) => ('NotAction' in statement ? ['NotAction'] : actionsOf(statement)))
    .filter((action) => !readerActions.includes(action));
  return more.length === 0
    ? []
    : [{ where, message: `expected a role of its own stack to read only, got ${more.join(' ')}` }];
}
