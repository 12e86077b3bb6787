import { describe, expect, it } from '@jest/globals';
import type { PolicyDocument, Statement } from '../../../lib/access/statement.ts';
import { roleLabels } from './matrix.ts';
import { mainAccount, people, policiesOf, resources, sampleDeployment, synthesise } from './support.ts';

const deployment = sampleDeployment({ access: 'private' });
const templates = synthesise(deployment);
const policies = policiesOf(templates);
const unstaffed = synthesise(sampleDeployment({ staffed: false, recorded: false }));
const ecr = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const undeliveredQueue = `arn:aws:sqs:eu-central-1:${mainAccount}:acme-functions-undelivered`;
const writesLog = (region: string, name: string) => ({
  ...{ Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] },
  Resource: `arn:aws:logs:${region}:${mainAccount}:log-group:/sigstead/acme/${name}:*`,
});

describe('RolesStack and KeyRolesStack', () => {
  it('make each role that the names promise, kept and for an hour at most', () => {
    const roles = [...templates.values()].flatMap((template) => resources(template, 'AWS::IAM::Role'));
    const promised = [...roleLabels(deployment).values()].map((arn) => arn.split('/').at(-1));
    expect(roles.map(([, { Properties }]) => Properties['RoleName']).toSorted()).toEqual(promised.toSorted());
    for (const [, role] of roles) {
      expect(role).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      expect(role.Properties['MaxSessionDuration']).toBe(3600);
      expect(JSON.stringify(role.Properties['Policies'] ?? '').length).toBeLessThan(10_240);
    }
  });

  it('allow no action by a pattern, and everything of a kind only where nothing narrower exists', () => {
    const statements = [...policies.roles.values()].flatMap(({ Statement }) => Statement);
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    const wide = statements.filter(({ Effect, Resource }) => Effect === 'Allow' && Resource === '*');
    expect(new Set(wide.map(({ Sid }) => Sid))).toEqual(
      new Set(['Registry', 'Network', 'Lists', 'Trail', 'CreateKeys']),
    );
  });

  it('let nobody create or pass roles but a deployment, which hands CloudFormation one', () => {
    const [[, policy] = fail()] = resources(templates.get('KeyRoles'), 'AWS::IAM::Policy');
    const regions = ['eu-central-1', 'eu-west-1'];
    expect(policy.Properties['Roles']).toEqual(
      regions.map((region) => `cdk-hnb659fds-deploy-role-210987654321-${region}`),
    );
    expect(policy.Properties['PolicyDocument']).toMatchObject({
      Statement: [
        {
          ...{ Action: 'iam:PassRole', Resource: 'arn:aws:iam::210987654321:role/acme-keys-deployment' },
          Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
        },
      ],
    });
    const all = [...policies.roles.values()].flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
    expect(all.filter((action) => action.startsWith('iam:') || action.startsWith('sts:'))).toEqual([]);
  });
});

describe('the trust of a role', () => {
  it.each([
    ['Roles', 'acme-fulcio-task', { Service: 'ecs-tasks.amazonaws.com' }],
    ['Roles', 'acme-fulcio-execution', { Service: 'ecs-tasks.amazonaws.com' }],
    ['Roles', 'acme-resign-online-function', { Service: 'lambda.amazonaws.com' }],
    ['Roles', 'acme-publisher-task', { AWS: [people.coordinators] }],
    ['KeyRoles', 'acme-key-administrator', { AWS: [people.administrators] }],
    ['KeyRoles', 'acme-break-glass', { AWS: [people.commanders] }],
    ['KeyRoles', 'acme-auditor', { AWS: [people.auditors] }],
    ['KeyRoles', 'acme-keys-deployment', { Service: 'cloudformation.amazonaws.com' }],
  ])('of %s, %s', (stack, role, Principal) => {
    expect(trustOf(templates, stack, role)).toEqual([expect.objectContaining({ Effect: 'Allow', Principal })]);
  });

  it('asks users for a second factor where they break the glass', () => {
    const [statement] = trustOf(templates, 'KeyRoles', 'acme-break-glass');
    expect(statement?.Condition).toEqual({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
  });

  it.each([
    ['acme-fulcio-task', 'eu-central-1'],
    ['acme-fulcio-execution', 'eu-central-1'],
    ['acme-rekor-log2026-2-task', 'eu-west-1'],
    ['acme-rekor-log2026-2-execution', 'eu-west-1'],
  ])('is for tasks of the region of its service only: %s in %s', (role, region) => {
    const [statement] = trustOf(templates, 'Roles', role);
    expect(statement?.Condition).toEqual({
      StringEqualsIfExists: { 'aws:SourceAccount': '012345678901' },
      ArnLikeIfExists: { 'aws:SourceArn': `arn:aws:ecs:${region}:012345678901:*` },
    });
  });

  it('is for the stacks of this instance only, where CloudFormation makes keys', () => {
    const [statement] = trustOf(templates, 'KeyRoles', 'acme-keys-deployment');
    expect(statement?.Condition).toEqual({
      StringEqualsIfExists: { 'aws:SourceAccount': '210987654321' },
      ArnLikeIfExists: { 'aws:SourceArn': 'arn:aws:cloudformation:*:210987654321:stack/acme-*' },
    });
  });

  it.each([
    ['KeyRoles', 'acme-key-administrator'],
    ['KeyRoles', 'acme-break-glass'],
    ['KeyRoles', 'acme-auditor'],
    ['Roles', 'acme-publisher-task'],
  ])('refuses everybody, in %s, as %s where nobody is named', (stack, role) => {
    const nobody = [{ Sid: 'Nobody', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }];
    expect(trustOf(unstaffed, stack, role)).toEqual(nobody);
  });
});

describe('the policy of a role', () => {
  it('of a task before the keys are recorded lets it sign with none', () => {
    const early = policiesOf(unstaffed);
    expect(early.roles.get('acme-fulcio-task')?.Statement).toEqual([]);
    const actions = [...early.roles.values()].flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
    expect(actions).not.toContain('kms:Sign');
  });

  it('of a task names its own key, by its ARN', () => {
    const Resource = deployment.record.keys.get('fulcio')?.arn;
    const Action = ['kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'];
    expect(statementsOf('acme-fulcio-task')).toEqual([{ Sid: 'Sign', Effect: 'Allow', Action, Resource }]);
  });

  it('of a CT task reads its key from its own secrets, where it runs the server of upstream', () => {
    const upstream = sampleDeployment({ ctLogServer: 'upstream' });
    const roles = policiesOf(synthesise(upstream)).roles;
    const own = roles.get('acme-ct-ct2026-1-task')?.Statement;
    expect(own?.map(({ Sid }) => Sid)).not.toContain('Sign');
    expect(own?.find(({ Sid }) => Sid === 'OwnKey')).toMatchObject({
      Resource: `arn:aws:secretsmanager:eu-central-1:${mainAccount}:secret:acme/key/ct-ct2026-1/*`,
    });
  });

  it('of an execution role reaches the image, log group and password of one service, in its region', () => {
    const repository = (program: string) => `arn:aws:ecr:eu-west-1:${mainAccount}:repository/acme/${program}`;
    expect(statementsOf('acme-rekor-log2026-2-execution')).toEqual([
      { Sid: 'Registry', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      { Sid: 'Image', Effect: 'Allow', Action: ecr, Resource: repository('rekor-aws') },
      writesLog('eu-west-1', 'rekor-log2026-2'),
      {
        ...{ Sid: 'DatabasePassword', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue' },
        Resource: `arn:aws:secretsmanager:eu-west-1:${mainAccount}:secret:acme/database/rekor-log2026-2-??????`,
      },
    ]);
    expect(statementsOf('acme-fulcio-execution').map(({ Sid }) => Sid)).toEqual(['Registry', 'Image', 'Log']);
  });

  it.each([
    [
      'resign-online',
      ['Log', 'Network', 'Sign', 'ReadTuf', 'ListTuf', 'WriteTuf', 'Remember', 'ListMemory', 'Undelivered'],
    ],
    ['prober', ['Log', 'Network', 'Token', 'Undelivered']],
    ['monitor', ['Log', 'Network', 'Remember', 'ListMemory', 'Undelivered']],
    ['shard-database', ['Log', 'Network', 'DatabaseSecrets']],
  ])('of the function %s has these statements and no other', (name, sids) => {
    expect(statementsOf(`acme-${name}-function`).map(({ Sid }) => Sid)).toEqual(sids);
  });

  it.each([
    ['prober', 'Token', `arn:aws:secretsmanager:eu-central-1:${mainAccount}:secret:acme/prober-??????`],
    ['prober', 'Undelivered', undeliveredQueue],
    ['resign-online', 'Undelivered', undeliveredQueue],
    ['monitor', 'Undelivered', undeliveredQueue],
    ['monitor', 'Remember', `arn:aws:s3:::acme-memory-${mainAccount}-eu-central-1/monitor/*`],
    ['resign-online', 'Remember', `arn:aws:s3:::acme-memory-${mainAccount}-eu-central-1/resign-online/*`],
    [
      'shard-database',
      'DatabaseSecrets',
      ['eu-central-1', 'eu-west-1'].map((r) => `arn:aws:secretsmanager:${r}:${mainAccount}:secret:acme/database/*`),
    ],
  ])('of the function %s reaches, by %s, one thing', (name, sid, Resource) => {
    expect(statementsOf(`acme-${name}-function`).find(({ Sid }) => Sid === sid)).toMatchObject({ Resource });
  });

  it('of a function has no place in the network, where what it reads is public', () => {
    const open = sampleDeployment({ access: 'public' });
    const roles = policiesOf(synthesise(open)).roles;
    const networked = [...roles].filter(([, { Statement }]) => Statement.some(({ Sid }) => Sid === 'Network'));
    expect(networked.map(([role]) => role)).toEqual(['acme-shard-database-function']);
  });

  it.each([
    ['key-administrator', ['Lists', 'Aliases']],
    ['break-glass', ['Lists', 'RemoveVersions', 'ListVersions']],
    ['auditor', ['Lists', 'Trail', 'Stacks', 'ReadRecords', 'ReadMemory']],
    ['keys-deployment', ['CreateKeys', 'OnlySigningKeys', 'OneRegion', 'KeptManageable', 'Keys', 'Aliases', 'Lists']],
  ])('of %s has these statements and no other', (role, sids) => {
    expect(statementsOf(`acme-${role}`).map(({ Sid }) => Sid)).toEqual(sids);
  });

  it('of the deployment of keys makes keys that sign, in one region, and stay manageable', () => {
    const own = statementsOf('acme-keys-deployment');
    expect(own.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action)).toEqual([
      ...['kms:CreateKey', 'kms:TagResource', 'kms:CreateAlias', 'kms:UpdateAlias', 'kms:ListKeys', 'kms:ListAliases'],
    ]);
    expect(own.flatMap(({ Effect, Condition }) => (Effect === 'Deny' ? [Condition] : []))).toEqual([
      { Null: { 'kms:KeyUsage': 'false' }, StringNotEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' } },
      { Bool: { 'kms:MultiRegion': 'true' } },
      { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
    ]);
  });
});

function statementsOf(role: string): readonly Statement[] {
  return policies.roles.get(role)?.Statement ?? fail();
}

function trustOf(from: typeof templates, stack: string, role: string): readonly Statement[] {
  const found = resources(from.get(stack), 'AWS::IAM::Role').find(([, each]) => each.Properties['RoleName'] === role);
  return (found?.[1].Properties['AssumeRolePolicyDocument'] as PolicyDocument | undefined)?.Statement ?? fail();
}

function fail(): never {
  throw new Error('the template has no such role');
}
