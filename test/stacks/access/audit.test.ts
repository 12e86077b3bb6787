import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { auditRules } from '../../../lib/access/audit-rules.ts';
import type { PolicyDocument } from '../../../lib/access/statement.ts';
import { alarmTable } from '../../../lib/alarms/alarm-table.ts';
import { anchorOf } from '../../../lib/alarms/row.ts';
import { AuditStack } from '../../../lib/stacks/audit.ts';
import { ObservabilityStack } from '../../../lib/stacks/observability.ts';
import { projectDirectory } from '../../support/instance.ts';
import { resources, sampleDeployment, synthesise, type Templates } from './support.ts';

const deployment = sampleDeployment();
const templates = synthesise(deployment);
const early = synthesise(sampleDeployment({ recorded: false }));

const runbook = await readFile(join(projectDirectory, 'docs', 'operator-runbook.md'), 'utf8');
const anchors = new Set([...runbook.matchAll(/^<a id="([a-z-]+)"><\/a>$/gm)].map(([, anchor = '']) => anchor));

interface Rule {
  readonly Name: string;
  readonly Description: string;
  readonly State: string;
  readonly EventPattern: { readonly detail: Readonly<Record<string, unknown>> };
  readonly Targets: readonly { readonly Id: string }[];
}

describe('AuditStack', () => {
  it('receives read-only events, which kms:Sign is, in every rule', () => {
    const stacks = [...templates.keys()].filter((stack) => stack.startsWith('Audit-'));
    expect(stacks).toHaveLength(6);
    for (const stack of stacks) {
      const rules = rulesOf(templates, stack);
      expect(rules.size).toBeGreaterThan(0);
      for (const { State } of rules.values()) expect(State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
    }
  });

  it('tells somebody when another than its service signs with a key', () => {
    const rule = rulesOf(templates, 'Audit-main-eu-central-1').get('StrangeSignerOfFulcioRule');
    const issuer = (match: unknown) => ({ userIdentity: { sessionContext: { sessionIssuer: { arn: [match] } } } });
    expect(rule?.EventPattern).toEqual({
      source: ['aws.kms'],
      detail: {
        ...{ eventSource: ['kms.amazonaws.com'], eventName: ['Sign'] },
        resources: { ARN: [deployment.record.keys.get('fulcio')?.arn] },
        $or: [
          issuer({ 'anything-but': ['arn:aws:iam::012345678901:role/acme-fulcio-task'] }),
          issuer({ exists: false }),
        ],
      },
    });
    expect(rule?.Targets.map(({ Id }) => Id)).toEqual(['alerts', 'record']);
  });

  it('has such a rule for each key of its region, once the keys are recorded', () => {
    const strangers = (from: Templates, stack: string) =>
      [...rulesOf(from, stack).keys()].filter((id) => id.startsWith('StrangeSigner'));
    expect(strangers(templates, 'Audit-main-eu-central-1')).toHaveLength(5);
    expect(strangers(templates, 'Audit-main-eu-west-1')).toHaveLength(2);
    expect(strangers(early, 'Audit-main-eu-central-1')).toEqual([]);
  });

  it.each([
    ['Audit-keys-eu-central-1', 'KeyChangeRule', 'PutKeyPolicy'],
    ['Audit-keys-eu-central-1', 'KeyChangeRule', 'CreateGrant'],
    ['Audit-keys-eu-central-1', 'KeyEndRule', 'ScheduleKeyDeletion'],
    ['Audit-keys-eu-central-1', 'KeyEndRule', 'DisableKey'],
    ['Audit-keys-eu-central-1', 'SignedFromElsewhereRule', 'Sign'],
    ['Audit-keys-us-east-1', 'RoleChangeRule', 'UpdateAssumeRolePolicy'],
    ['Audit-main-eu-west-1', 'VersionDeletedRule', 'DeleteObject'],
    ['Audit-main-eu-west-1', 'BucketChangeRule', 'PutBucketPolicy'],
    ['Audit-main-eu-west-1', 'ProgramChangeRule', 'RunTask'],
    ['Audit-main-us-east-1', 'RoleChangeRule', 'PutRolePolicy'],
    ['Audit-main-us-east-1', 'ProgramChangeRule', 'CreateFunction20150331'],
    ['Audit-keys-eu-central-1', 'BucketChangeRule', 'PutBucketLifecycle'],
    ['Audit-keys-eu-central-1', 'BucketChangeRule', 'PutBucketEncryption'],
    ['Audit-keys-eu-central-1', 'KeyReturnRule', 'EnableKey'],
    ['Audit-main-us-east-1', 'AuditChangeRulesRule', 'DisableRule'],
    ['Audit-keys-eu-central-1', 'AuditChangeTrailRule', 'StopLogging'],
    ['Audit-keys-eu-central-1', 'KeyReadByOtherRule', 'GetPublicKey'],
    ['Audit-main-eu-central-1', 'StrangeReaderOfFulcioRule', 'GetPublicKey'],
  ])('watches, in %s, by %s, for %s', (stack, id, event) => {
    const rule = rulesOf(templates, stack).get(id);
    expect(rule?.EventPattern.detail['eventName']).toEqual(expect.arrayContaining([event]));
    expect(rule?.Targets.map(({ Id }) => Id)).toEqual(['alerts', 'record']);
  });

  it('looks for changes of roles where IAM reports them, and nowhere else', () => {
    const watching = [...templates.keys()].filter((stack) => rulesOf(templates, stack).has('RoleChangeRule'));
    expect(watching).toEqual(['Audit-main-us-east-1', 'Audit-keys-us-east-1']);
  });

  it('knows a deployment by the qualifier of its own bootstrap', () => {
    const patternOf = (qualifier?: string) => {
      const props = { deployment, region: 'eu-west-1', account: 'main', ...(qualifier && { qualifier }) } as const;
      const stack = new AuditStack(newApp(), 'Audit', props);
      const rules = rulesOf(new Map([['Audit', Template.fromStack(stack)]]), 'Audit');
      return JSON.stringify(rules.get('ProgramChangeRule')?.EventPattern);
    };
    expect(patternOf()).toContain(':role/cdk-hnb659fds-cfn-exec-role-012345678901-eu-west-1"');
    expect(patternOf('acme1')).toContain(':role/cdk-acme1-cfn-exec-role-012345678901-eu-west-1"');
    expect(patternOf('acme1')).not.toContain('hnb659fds');
  });

  it('keeps a trail per account, of all regions and of every event of KMS', () => {
    for (const stack of ['Audit-main-eu-central-1', 'Audit-keys-eu-central-1']) {
      const [[, trail] = fail()] = resources(templates.get(stack), 'AWS::CloudTrail::Trail');
      expect(trail.Properties).toMatchObject({
        ...{ IsLogging: true, IsMultiRegionTrail: true, EnableLogFileValidation: true },
      });
      const [management] = trail.Properties['AdvancedEventSelectors'] as readonly unknown[];
      if (stack.includes('main')) expect(JSON.stringify(trail)).toContain('arn:aws:s3:::acme-memory-012345678901-');
      expect(management).toMatchObject({ FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] });
    }
    expect(resources(templates.get('Audit-main-eu-west-1'), 'AWS::CloudTrail::Trail')).toEqual([]);
  });

  it('lets nobody delete what the trail wrote', () => {
    const policies = resources(templates.get('Audit-keys-eu-central-1'), 'AWS::S3::BucketPolicy');
    expect(JSON.stringify(policies)).toContain('"Sid":"KeepEvents"');
    expect(JSON.stringify(policies)).not.toContain('break-glass');
  });

  it('lets nobody but the trail itself write beside what it wrote', () => {
    for (const [stack, account] of [
      ['Audit-main-eu-central-1', '012345678901'],
      ['Audit-keys-eu-central-1', '210987654321'],
    ]) {
      const [[, policy] = fail()] = resources(templates.get(stack ?? ''), 'AWS::S3::BucketPolicy');
      const { Statement } = policy.Properties['PolicyDocument'] as PolicyDocument;
      const name = String(policy.Properties['Bucket']);
      const trail = `arn:aws:cloudtrail:eu-central-1:${account}:trail/acme-audit`;
      expect(Statement.filter(({ Effect }) => Effect === 'Allow')).toEqual(
        [
          { Sid: 'TrailLooks', Action: 's3:GetBucketAcl', Resource: `arn:aws:s3:::${name}` },
          { Sid: 'TrailWrites', Action: 's3:PutObject', Resource: `arn:aws:s3:::${name}/AWSLogs/${account}/*` },
        ].map((each) => ({
          ...{ ...each, Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' } },
          Condition: { StringEquals: { 'aws:SourceArn': trail } },
        })),
      );
      expect(Statement).toContainEqual({
        ...{ Sid: 'OnlyTheTrailWrites', Effect: 'Deny', Principal: '*', Action: 's3:PutObject' },
        ...{ Resource: `arn:aws:s3:::${name}/*` },
        Condition: { StringNotEquals: { 'aws:PrincipalServiceName': 'cloudtrail.amazonaws.com' } },
      });
    }
  });

  it('lets deployments of its account alone change how the bucket of the trail is kept', () => {
    for (const [stack, account] of [
      ['Audit-main-eu-central-1', '012345678901'],
      ['Audit-keys-eu-central-1', '210987654321'],
    ]) {
      const [[, policy] = fail()] = resources(templates.get(stack ?? ''), 'AWS::S3::BucketPolicy');
      const { Statement } = policy.Properties['PolicyDocument'] as { readonly Statement: readonly object[] };
      const deployer = `cdk-hnb659fds-cfn-exec-role-${account}-eu-central-1`;
      expect(Statement).toContainEqual({
        ...{
          Sid: 'KeepConfiguration',
          Effect: 'Deny',
          Principal: '*',
          Resource: expect.stringContaining('acme-audit'),
        },
        Action: expect.arrayContaining(['s3:PutBucketPolicy', 's3:PutEncryptionConfiguration', 's3:DeleteBucket']),
        Condition: {
          ArnNotLike: {
            'aws:PrincipalArn': [
              `arn:aws:iam::${account}:role/${deployer}`,
              `arn:aws:sts::${account}:assumed-role/${deployer}/*`,
            ],
          },
        },
      });
    }
  });
});

describe('an audit rule', () => {
  const rules = [...templates.keys()]
    .filter((stack) => stack.startsWith('Audit-'))
    .flatMap((stack) => [...rulesOf(templates, stack).values()].map((rule) => ({ stack, ...rule })));

  it.each(rules)('of $stack, $Name, says where the runbook tells what to do', ({ Description }) => {
    const anchor = /^[A-Z].*: docs\/operator-runbook\.md#(alarm-[a-z-]+)$/.exec(Description)?.[1];
    expect(anchors).toContain(anchor);
    expect(Description.length).toBeLessThanOrEqual(512);
  });

  it('names the runbook where operators read it', () => {
    const props = {
      deployment,
      region: 'eu-west-1',
      account: 'main',
      runbook: 'https://wiki.acme.example/run',
    } as const;
    const template = Template.fromStack(new AuditStack(newApp(), 'Audit', props));
    const own = rulesOf(new Map([['Audit', template]]), 'Audit');
    expect(own.get('BucketChangeRule')?.Description).toMatch(
      /: https:\/\/wiki\.acme\.example\/run#alarm-bucket-change$/,
    );
  });

  it('leads to the same section as its alarm', () => {
    for (const rule of auditRules(deployment, { side: 'main', region: 'eu-central-1' })) {
      const row = alarmTable.find(({ auditRule }) => auditRule !== undefined && rule.id.startsWith(auditRule));
      if (rule.alarming) expect([rule.id, rule.runbook]).toEqual([rule.id, row && anchorOf(row)]);
    }
  });
});

describe('an alarm about an audit rule', () => {
  it.each(deployment.aws.regions)(
    'of %s counts a rule that is there, and each rule that tells somebody has one',
    (region) => {
      const stack = new ObservabilityStack(newApp(), 'Observability', { deployment, region, env: { region } });
      const counted = resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) => {
        const dimensions = (Properties['Dimensions'] ?? []) as readonly {
          readonly Name: string;
          readonly Value: string;
        }[];
        return dimensions.flatMap(({ Name, Value }) => (Name === 'RuleName' ? [Value] : []));
      });
      const rules = [...rulesOf(templates, `Audit-main-${region}`).values()];
      const telling = rules.filter(({ Targets }) => Targets.some(({ Id }) => Id === 'alerts'));
      expect(counted.length).toBeGreaterThan(5);
      expect(counted.toSorted()).toEqual(telling.map(({ Name }) => Name).toSorted());
    },
  );
});

function newApp(): App {
  return new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
}

function rulesOf(from: Templates, stack: string): ReadonlyMap<string, Rule> {
  const rules = resources(from.get(stack), 'AWS::Events::Rule');
  return new Map(rules.map(([id, { Properties }]) => [id, Properties as unknown as Rule]));
}

function fail(): never {
  throw new Error('the template has no trail');
}
