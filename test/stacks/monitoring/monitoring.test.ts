import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Deployment, FunctionName } from '../../../lib/deployment.ts';
import { MonitoringStack, type MonitoringStackProps } from '../../../lib/stacks/monitoring.ts';
import { logsShape } from '../../../operate/functions/runtime/known-logs.ts';
import { readShape } from '../../../src/core/shape.ts';
import { emptyRecord } from '../../../src/services/deployment.ts';
import { mainAccount, sampleDeployment } from '../access/support.ts';

const names = ['resign-online', 'prober', 'monitor'] as const;
const region = 'eu-central-1';

let directory: string;
let template: Template;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sigstead-monitoring-'));
  writeFileSync(join(directory, 'index.mjs'), 'export const handler = async () => ({});\n');
  template = synthesise(deployed({ access: 'public' }));
});
afterAll(() => rmSync(directory, { recursive: true }));

function deployed(aws: Partial<Deployment['aws']> = {}): Deployment {
  const deployment = sampleDeployment();
  const functions = new Map(names.map((name): [FunctionName, string] => [name, directory]));
  return { ...deployment, aws: { ...deployment.aws, ...aws }, functions };
}

function synthesise(deployment: Deployment, props: Partial<MonitoringStackProps> = {}): Template {
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  return Template.fromStack(new MonitoringStack(app, 'Monitoring', { deployment, ...props }));
}

function lambda(name: string) {
  return Object.values(template.findResources('AWS::Lambda::Function'))
    .map(({ Properties }) => Properties)
    .find(({ FunctionName }) => FunctionName === `acme-${name}`);
}

describe('MonitoringStack', () => {
  it.each(names)('runs %s on Node 24 under the role that was made for it', (name) => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      ...{ FunctionName: `acme-${name}`, Runtime: 'nodejs24.x', Handler: 'index.handler', Architectures: ['x86_64'] },
      Role: `arn:aws:iam::${mainAccount}:role/acme-${name}-function`,
      Environment: { Variables: Match.objectLike({ INSTANCE: 'acme' }) },
      LoggingConfig: { LogGroup: Match.anyValue() },
      VpcConfig: Match.absent(),
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: `/sigstead/acme/${name}`,
      RetentionInDays: 365,
    });
  });

  it('runs each by the clock, and keeps what was never carried out', () => {
    for (const [name, rate] of [
      ['resign-online', 'rate(1 hour)'],
      ['prober', 'rate(5 minutes)'],
      ['monitor', 'rate(10 minutes)'],
    ]) {
      template.hasResourceProperties('AWS::Events::Rule', {
        ...{ Name: `acme-${name}`, ScheduleExpression: rate, State: 'ENABLED' },
        Targets: [Match.objectLike({ DeadLetterConfig: Match.anyValue() })],
      });
    }
    template.resourceCountIs('AWS::Lambda::Permission', 3);
    template.hasResourceProperties('AWS::SQS::Queue', {
      ...{ QueueName: 'acme-functions-undelivered', SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 },
    });
    const dead = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(dead.every(({ Properties }) => Properties.DeadLetterConfig)).toBe(true);
  });

  it('makes no role and no policy of one: what a function may do stands elsewhere', () => {
    template.resourceCountIs('AWS::IAM::Role', 0);
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  it('signs and monitors one at a time', () => {
    expect(lambda('resign-online')).toMatchObject({ ReservedConcurrentExecutions: 1, Timeout: 300 });
    expect(lambda('monitor')).toMatchObject({ ReservedConcurrentExecutions: 1 });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 2 });
  });

  it('tells each function what it needs, in the form that it reads', () => {
    const variables = (name: string) => lambda(name)?.Environment.Variables as Record<string, string>;
    expect(variables('resign-online')).toEqual({
      INSTANCE: 'acme',
      REPOSITORY_STORE: `s3://acme-tuf-${mainAccount}-${region}`,
      MEMORY_STORE: `s3://acme-memory-${mainAccount}-${region}/resign-online`,
      ONLINE_KEY: expect.stringMatching(/^awskms:\/\/\/arn:aws:kms:eu-central-1:210987654321:key\//),
    });
    expect(variables('prober')).toMatchObject({
      REPOSITORY_URL: 'https://tuf.sigstore.acme.example',
      SECRET_ARN: 'acme/prober',
      AUTHORITIES: expect.stringContaining('{"service":"timestamp-tsa-2","url":"https://tsa-2.sigstore.acme.example"}'),
    });
    const logs = readShape(logsShape, JSON.parse(variables('monitor')['LOGS'] ?? ''));
    expect(logs.value?.map(({ service }) => service)).toEqual(['rekor-log2026-1', 'rekor-log2026-2', 'ct-ct2026-1']);
    expect(logs.value?.[0]).toMatchObject({
      ...{ origin: 'log2026-1.sigstore.acme.example', url: 'https://log2026-1.sigstore.acme.example' },
    });
  });

  it('lets only the two that remember write their memory, and keeps it', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketName: `acme-memory-${mainAccount}-${region}`,
        VersioningConfiguration: { Status: 'Enabled' },
      },
    });
    const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    expect(JSON.stringify(policy)).toContain(`role/acme-monitor-function`);
    expect(JSON.stringify(policy)).not.toContain('role/acme-prober-function');
  });

  it('makes the same template again', () => {
    expect(synthesise(deployed({ access: 'public' })).toJSON()).toEqual(template.toJSON());
  });

  it('puts the prober and the monitor of a private instance into its network, and the signer nowhere', () => {
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
    const network = new Stack(app, 'Network', { env: { account: mainAccount, region } });
    const vpc = new Vpc(network, 'Vpc', { natGateways: 0, restrictDefaultSecurityGroup: false });
    const securityGroups = [new SecurityGroup(network, 'Group', { vpc: vpc as IVpc })];
    const deployment = deployed({ access: 'private' });
    const stack = new MonitoringStack(app, 'Monitoring', { deployment, network: { vpc: vpc as IVpc, securityGroups } });
    const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    const inside = functions.filter(({ Properties }) => Properties.VpcConfig);
    expect(inside.map(({ Properties }) => Properties.FunctionName).toSorted()).toEqual(['acme-monitor', 'acme-prober']);
  });

  it('refuses a private instance without a network', () => {
    expect(() => synthesise(deployed({ access: 'private' }))).toThrowToolkit('AWS_FUNCTION_NETWORK');
  });

  it('refuses an online key that nobody recorded, and a function that nobody bundled', () => {
    const aws = { access: 'public' } as const;
    expect(() => synthesise({ ...deployed(aws), record: emptyRecord })).toThrowToolkit('AWS_FUNCTION_KEY');
    expect(() => synthesise({ ...deployed(aws), functions: new Map() })).toThrowToolkit('AWS_FUNCTION_MISSING');
  });

  it('refuses more logs than fit into the environment of a function', () => {
    const deployment = deployed({ access: 'public' });
    const [shard] = deployment.config.logs.rekor;
    const rekor = Array.from({ length: 60 }, (_, index) => ({ ...shard, shard: `log${index}` }) as never);
    const config = { ...deployment.config, logs: { ...deployment.config.logs, rekor } };
    expect(() => synthesise({ ...deployment, config })).toThrowToolkit('AWS_FUNCTION_ENVIRONMENT');
  });
});
