import { describe, expect, it } from '@jest/globals';
import { auditRegions, auditRules } from '../../../lib/access/audit-rules.ts';
import { callEvent, deployed, deployer, deployment, mallory, region, triggered } from './audit-events.ts';
import { keysAccount, mainAccount } from './support.ts';

describe('the rule about users', () => {
  const cognito = { preset: 'cognito', managed: true, redirectPort: 8123 } as const;
  const pool = `${region}_AbCdEf123`;
  const withPool = (issuer: object) => ({
    ...deployment,
    config: { ...deployment.config, issuers: [{ ...cognito, ...issuer }] } as typeof deployment.config,
  });
  const known = withPool({ userPool: pool, clientId: 'client' });
  const change = (of: typeof deployment, call: string, who: { by: string; through?: string }, userPoolId = pool) =>
    triggered(callEvent({ call: `cognito-idp:${call}`, ...who, parameters: { userPoolId } }), 'main', of);

  it.each([
    ...['AdminCreateUser', 'AdminSetUserPassword', 'AdminUpdateUserAttributes', 'AdminSetUserMFAPreference'],
    ...['AdminResetUserPassword', 'UpdateUserPool', 'CreateUserPoolClient', 'UpdateUserPoolClient'],
    ...['SetUserPoolMfaConfig', 'CreateIdentityProvider'],
  ])('tells of %s, but not of a deployment', (call) => {
    for (const by of [mallory, 'user/eve', deployer]) expect(change(known, call, { by })).toEqual(['user-change']);
    expect(change(known, call, deployed)).toEqual([]);
  });

  it('says nothing about another pool once its own is known, nor about looking', () => {
    expect(change(known, 'AdminCreateUser', { by: mallory }, `${region}_Other`)).toEqual([]);
    expect(change(known, 'AdminGetUser', { by: mallory })).toEqual([]);
    expect(change(withPool({}), 'AdminCreateUser', { by: mallory })).toEqual(['user-change']);
  });

  it('is there only where the deployment makes the pool', () => {
    const theirs = withPool({ managed: false, userPool: pool, clientId: 'client' });
    for (const not of [deployment, theirs]) expect(change(not, 'AdminCreateUser', { by: mallory })).toEqual([]);
    expect(auditRules(known, { side: 'main', region: 'eu-west-1' }).map(({ id }) => id)).not.toContain('user-change');
  });
});

describe('the rule about programs', () => {
  const started = (call: string, at: string, side: 'main' | 'keys' = 'main') =>
    triggered(callEvent({ call, by: mallory, parameters: {} }), side, deployment, at);

  it.each([
    ...['ecs:RunTask', 'ecs:CreateExpressGatewayService', 'ecs:RegisterDaemonTaskDefinition'],
    'lambda:CreateFunction20150331',
  ])('tells in every region that is watched, of %s', (call) => {
    for (const at of auditRegions(deployment, 'main'))
      expect([at, started(call, at)]).toEqual([at, ['program-change']]);
  });

  const scaling = 'aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForECSService';
  const updated = (change: object, by: string = mallory, through?: string) => {
    const parameters = { cluster: 'acme', service: 'fulcio', ...change };
    return triggered(callEvent({ call: 'ecs:UpdateService', by, parameters, ...(through && { through }) }));
  };

  it.each([
    { taskDefinition: 'acme-fulcio:7', desiredCount: 2 },
    { enableExecuteCommand: true },
    { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], assignPublicIp: 'ENABLED' } } },
    { loadBalancers: [{ targetGroupArn: 'arn:aws:x', containerName: 'fulcio', containerPort: 5555 }] },
    { serviceConnectConfiguration: { enabled: true, namespace: 'other' } },
  ])('tells of a service that is changed: %j', (change) => {
    for (const by of [mallory, scaling, deployer]) expect(updated(change, by)).toEqual(['program-change-service']);
    expect(updated(change, deployer, deployed.through)).toEqual([]);
  });

  it('says nothing where only the number of its tasks is another, as under load', () => {
    expect(updated({ desiredCount: 4 }, scaling)).toEqual([]);
    expect(updated({ desiredCount: 4 })).toEqual([]);
    expect(updated({ forceNewDeployment: true })).toEqual([]);
  });

  it('says nothing in the account of the keys, where nothing runs', () => {
    expect(started('ecs:RunTask', region, 'keys')).toEqual([]);
  });
});

describe('the rule about roles', () => {
  const change = (roleName: string, side: 'main' | 'keys' = 'main', call = 'iam:UpdateAssumeRolePolicy') =>
    triggered(callEvent({ call, by: mallory, parameters: { roleName } }), side, deployment, 'us-east-1');

  it.each(['cfn-exec', 'deploy', 'file-publishing', 'lookup'])('tells of that of deployments, %s', (kind) => {
    for (const side of ['main', 'keys'] as const) {
      const account = side === 'main' ? mainAccount : keysAccount;
      const role = `cdk-hnb659fds-${kind}-role-${account}-${region}`;
      expect(change(role, side)).toEqual(['role-change']);
      expect(change(role, side, 'iam:PutRolePolicy')).toEqual(['role-change']);
      expect(change(role, side, 'iam:AttachRolePolicy')).toEqual(['role-change']);
    }
  });

  it('tells of those of the instance, and of no others', () => {
    expect(change('acme-fulcio-task')).toEqual(['role-change']);
    expect(change(`cdk-other1-cfn-exec-role-${mainAccount}-${region}`)).toEqual([]);
    expect(change('nightly-report')).toEqual([]);
  });
});

describe('the rules about secrets', () => {
  const call = (by: string, secretId: string, action = 'GetSecretValue', through?: string) => {
    const parameters = { secretId };
    return triggered(callEvent({ call: `secretsmanager:${action}`, by, parameters, ...(through && { through }) }));
  };
  const shard = 'acme/database/rekor-log2026-1';

  it.each([shard, `arn:aws:secretsmanager:${region}:${mainAccount}:secret:${shard}-AbCdEf`])(
    'tell who read the password of a database, but for whoever needs it: %s',
    (secret) => {
      const told = ['database-secret-of-rekor-log2026-1'];
      for (const who of [mallory, 'user/eve', deployer, 'acme-ct-ct2026-1-execution', 'acme-rekor-log2026-1-task']) {
        expect([who, call(who, secret)]).toEqual([who, told]);
      }
      expect(call('acme-rekor-log2026-1-execution', secret)).toEqual([]);
      expect(call('acme-shard-database-function', secret)).toEqual([]);
      expect(call(deployer, secret, 'GetSecretValue', deployed.through)).toEqual([]);
    },
  );

  it('tell who read that of the administrator of the database', () => {
    const told = ['database-secret-of-admin'];
    expect(call(mallory, 'acme/database/admin')).toEqual(told);
    expect(call('acme-rekor-log2026-1-execution', 'acme/database/admin')).toEqual(told);
    expect(call('acme-shard-database-function', 'acme/database/admin')).toEqual([]);
  });

  it.each(['ReplicateSecretToRegions', 'UpdateSecretVersionStage', 'PutResourcePolicy', 'PutSecretValue'])(
    'tell who changed any of them: %s',
    (action) => {
      for (const secret of [shard, 'acme/hsm/fulcio/pin', 'acme/prober']) {
        expect(call(mallory, secret, action)).toEqual(['secret-change']);
        expect(call('acme-shard-database-function', secret, action)).toEqual(['secret-change']);
        expect(call(deployer, secret, action, deployed.through)).toEqual([]);
      }
    },
  );

  it('say nothing about secrets of others, or about looking', () => {
    for (const action of ['GetSecretValue', 'PutSecretValue'])
      expect(call(mallory, 'other/database', action)).toEqual([]);
    expect(call(mallory, shard, 'DescribeSecret')).toEqual([]);
    expect(call('acme-rekor-log2026-10-execution', `${shard}0`)).toEqual([]);
  });
});
