import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { auditRules } from '../../../lib/access/audit-rules.ts';
import { alarmTable } from '../../../lib/alarms/alarm-table.ts';
import { anchorOf } from '../../../lib/alarms/row.ts';
import { subjectsOf } from '../../../lib/alarms/subjects.ts';
import { ObservabilityStack } from '../../../lib/stacks/observability.ts';
import { projectDirectory } from '../../support/instance.ts';
import { account, newApp, region, sampleDeployment } from './fixture.ts';

const runbook = await readFile(join(projectDirectory, 'docs', 'operator-runbook.md'), 'utf8');
const anchors = [...runbook.matchAll(/^<a id="([a-z-]+)"><\/a>\n### \S/gm)].map(([, anchor = '']) => anchor);

const loadBalancer = 'app/acme/0123456789abcdef';
const targetGroups = new Map([
  ['fulcio', 'targetgroup/a/1'],
  ['rekor-log2026-1', 'targetgroup/b/2'],
]);

function synthesise(where = region, deployment = sampleDeployment()) {
  const facts = { region: where, loadBalancer, targetGroups };
  const stack = new ObservabilityStack(newApp(), 'a', { env: { account, region: where }, deployment, ...facts });
  return { stack, template: Template.fromStack(stack), facts, deployment };
}

const { stack, template, facts, deployment } = synthesise();
/** Without recorded keys there are no rules for them yet, no key is in a secret, no pool is made, and IAM reports elsewhere. */
const needsMore = [
  ...['key-sign-by-other', 'key-sign-elsewhere', 'key-sign-refused', 'key-read-by-other', 'signatures-unlogged'],
  ...['key-secret-read', 'role-change', 'user-change'],
];
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map((alarm) => alarm['Properties']);

describe('the runbook', () => {
  it.each(alarmTable.map((row) => [anchorOf(row)]))('has a section for %s', (anchor) => {
    expect(anchors).toContain(anchor);
  });

  it('has no section of an alarm that does not exist, and none twice', () => {
    const known = new Set<string>(alarmTable.map(anchorOf));
    expect(anchors.filter((anchor) => anchor.startsWith('alarm-') && !known.has(anchor))).toEqual([]);
    expect(new Set(anchors).size).toBe(anchors.length);
  });

  it.each([
    'rollback',
    'regrown',
    'empty-bucket',
    'empty-database',
    'both-lost',
    'record-differs',
    'key-differs',
    'frozen',
    'foreign-checkpoint',
  ])('has a section for gate-%s', (gate) => {
    expect(anchors).toContain(`gate-${gate}`);
  });

  it('links to nothing that is not there', () => {
    const links = [...runbook.matchAll(/\]\(#([a-z-]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter((link) => !anchors.includes(link) && link !== 'gates')).toEqual([]);
  });
});

describe('alarmTable', () => {
  it('has each id once', () => {
    expect(new Set(alarmTable.map(({ id }) => id)).size).toBe(alarmTable.length);
  });

  it('takes silence of what we send ourselves for a failure, unless another row does', () => {
    const ours = alarmTable.filter(({ metric }) => metric.namespace === 'Sigstead');
    const heard = new Set(ours.filter(({ silence }) => silence === 'breaching').map(({ metric }) => metric.name));
    const unheard = ours.filter(({ metric }) => !heard.has(metric.name)).map(({ id }) => id);
    // Evidence is sent only where there is some; latency only by a probe that worked.
    // What is counted in a log group is silent where nothing is written there.
    expect(unheard).toEqual(['evidence', 'prober-slow', 'inclusion-proof']);
  });

  it('covers every audit rule that tells somebody, by the name that the rule has', () => {
    const samples = [account, '210987654321'].map((id) => sampleDeployment({ keysAccount: `'${id}'` }));
    const { config } = deployment;
    const hsm = { ...config.fulcio, key: 'pkcs11:token=servers;object=a' as const };
    for (const sample of [...samples, { ...deployment, config: { ...config, fulcio: hsm } }]) {
      const alarming = auditRules(sample, { side: 'main', region }).filter((rule) => rule.alarming);
      const covered = alarmTable
        .filter(({ subject }) => subject === 'audit-rule')
        .flatMap((row) => subjectsOf(row, sample, facts).map(({ dimensions }) => dimensions['RuleName']));
      expect(covered.toSorted()).toEqual(alarming.map(({ id }) => sample.names.auditRule(id)).toSorted());
    }
  });

  it('keeps names of rules within what EventBridge takes, each its own', () => {
    const long = ['a', 'b'].map((end) =>
      deployment.names.auditRule(`strange-signer-of-timestamp-${'x'.repeat(32)}${end}`),
    );
    expect(long.every((name) => name.length <= 64)).toBe(true);
    expect(new Set(long).size).toBe(2);
  });
});

/** What has to be noticed, and the alarm that does. */
const noticed: readonly (readonly [string, ...string[]])[] = [
  ['a signature by another role', 'key-sign-by-other', 'key-sign-elsewhere', 'key-sign-refused'],
  ['a public key asked for by another role', 'key-read-by-other'],
  ['more signatures than certificates', 'signatures-unlogged'],
  ['a key that ends, or whose policy, grants or copies change', 'key-end', 'key-change'],
  ['the secret of a CT key, or a PIN, read by another role', 'key-secret-read'],
  ['the age of a checkpoint', 'checkpoint-age'],
  ['a checkpoint that is smaller, or of another root', 'evidence'],
  ['a monitor that says nothing for two hours', 'monitor-silent'],
  ['an entry that Rekor cannot prove', 'inclusion-proof'],
  ['the end of a certificate: of the authorities, of TLS', 'certificate-expiry', 'tls-expiry'],
  ['the end of TUF metadata', 'tuf-timestamp-expiry', 'tuf-snapshot-expiry', 'tuf-targets-expiry', 'root-expiry'],
  ['errors of the load balancer and of servers', 'load-balancer-errors', 'server-errors'],
  ['tasks that do not run', 'tasks-missing'],
  ['a database near its largest size', 'database-capacity'],
  ['deleted versions and changed buckets', 'version-deleted', 'objects-deleted', 'lock-change', 'bucket-change'],
  ['the quota of KMS', 'key-quota'],
  ['how often and how fast signing works', 'prober-failing', 'prober-slow'],
  ['how fast the budget of failures goes', 'slo-fast-burn', 'slo-medium-burn', 'slo-slow-burn'],
  ['changed roles, programs, ways and databases', 'role-change', 'program-change', 'route-change', 'database-change'],
  ['deployments, changes of the audit itself, and break-glass', 'deployment', 'audit-change', 'break-glass-used'],
];

describe('what has to be noticed', () => {
  it.each(noticed)('%s', (_what, ...ids) => {
    expect(alarmTable.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });
});

describe('ObservabilityStack', () => {
  it('makes an alarm of every row, and names its runbook in each', () => {
    for (const row of alarmTable) {
      const own = alarms.filter(
        ({ AlarmName }) => AlarmName === `acme-${row.id}` || AlarmName.startsWith(`acme-${row.id}-`),
      );
      const expected = subjectsOf(row, deployment, facts).length;
      if (!needsMore.includes(row.id))
        expect({ id: row.id, found: own.length > 0 }).toEqual({ id: row.id, found: true });
      expect(own.length).toBeGreaterThanOrEqual(expected);
    }
    for (const { AlarmDescription } of alarms) {
      expect(anchors).toContain(/docs\/operator-runbook\.md#([a-z-]+)$/.exec(AlarmDescription)?.[1]);
    }
  });

  it('tells every topic of the configuration, by name, also when it is over', () => {
    for (const { AlarmActions, OKActions } of alarms) {
      expect(JSON.stringify(AlarmActions)).toContain(`:sns:${region}:${account}:security`);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it('warns where alarms tell nobody', () => {
    const { config, ...rest } = deployment;
    const quiet = synthesise(region, { ...rest, config: { ...config, monitors: { alerts: [] } } });
    expect(Annotations.fromStack(quiet.stack).findWarning('*', Match.stringLikeRegexp('nobody is told'))).toHaveLength(
      1,
    );
    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
  });

  it('compares what runs with what should', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'acme-tasks-missing-rekor-log2026-1',
      TreatMissingData: 'breaching',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'desired - m' }),
        Match.objectLike({
          MetricStat: Match.objectLike({
            Metric: Match.objectLike({
              MetricName: 'DesiredTaskCount',
              Dimensions: [
                { Name: 'ClusterName', Value: 'acme' },
                { Name: 'ServiceName', Value: 'rekor-log2026-1' },
              ],
            }),
          }),
        }),
      ]),
    });
  });

  it('looks at the TLS certificate of every host that the edge serves', () => {
    const hosts = ['fulcio', 'tuf', 'log2026-1', 'ct2026-1', 'tsa-1', 'tsa-2'].map((n) => `${n}.sigstore.acme.example`);
    const own = alarms.filter(({ AlarmName }) => AlarmName.startsWith('acme-tls-expiry-'));
    expect(own.map(({ Dimensions }) => Dimensions[0].Value)).toEqual(hosts);
    for (const { Threshold, ComparisonOperator, TreatMissingData } of own) {
      expect({ Threshold, ComparisonOperator, TreatMissingData }).toEqual({
        ...{ Threshold: 28, ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' },
      });
    }
  });

  it('counts the proofs that a shard could not make where its log group is counted', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'acme-inclusion-proof-rekor-log2026-1',
      ...{ Namespace: 'Sigstead/acme/rekor-log2026-1', MetricName: 'InclusionProofFailures', Threshold: 1 },
      Dimensions: Match.absent(),
    });
  });

  it('compares the signatures of Fulcio with what the CT logs took, of an hour before the last', () => {
    const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const fulcio = { arn: `arn:aws:kms:${region}:${account}:key/a`, publicKey };
    const recorded = { ...deployment, record: { ...deployment.record, keys: new Map([['fulcio', fulcio]]) } };
    synthesise(region, recorded).template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'acme-signatures-unlogged',
      ...{ EvaluationPeriods: 3, DatapointsToAlarm: 1, TreatMissingData: 'notBreaching', Threshold: 10 },
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'm - 2 * logged' }),
        Match.objectLike({
          MetricStat: {
            Metric: {
              ...{ Namespace: 'AWS/Events', MetricName: 'TriggeredRules' },
              Dimensions: [{ Name: 'RuleName', Value: 'acme-signatures-of-fulcio' }],
            },
            ...{ Period: 3_600, Stat: 'Sum' },
          },
        }),
        Match.objectLike({
          MetricStat: {
            Metric: {
              ...{ Namespace: 'Sigstead', MetricName: 'CertificatesLogged' },
              Dimensions: [{ Name: 'Instance', Value: 'acme' }],
            },
            ...{ Period: 3_600, Stat: 'Maximum' },
          },
        }),
      ]),
    });
    expect(alarms.map(({ AlarmName }) => AlarmName)).not.toContain('acme-signatures-unlogged');
  });

  it('says of a deployment that it is nothing where somebody planned it', () => {
    const [deployed] = alarms.filter(({ AlarmName }) => AlarmName === 'acme-deployment');
    expect(deployed?.AlarmDescription).toMatch(/^a deployment began\. Act now if nobody planned it\. /);
  });

  it('rings for a log that nobody watches', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'acme-monitor-silent-ct-ct2026-1',
      TreatMissingData: 'breaching',
      Namespace: 'Sigstead',
      Dimensions: [
        { Name: 'Instance', Value: 'acme' },
        { Name: 'Log', Value: 'ct-ct2026-1' },
      ],
    });
  });

  it('waits for nothing of a frozen log, and watches it all the same', () => {
    const { aws, ...rest } = sampleDeployment({}, ', { shard: log2026-2 }');
    const after = synthesise(region, { ...rest, aws: { ...aws, frozen: ['log2026-1'] } }).template;
    const names = Object.values(after.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => Properties.AlarmName as string,
    );
    expect(names.filter((name) => name.endsWith('rekor-log2026-1'))).toEqual([
      'acme-tls-expiry-rekor-log2026-1',
      'acme-monitor-failing-rekor-log2026-1',
      'acme-monitor-silent-rekor-log2026-1',
      'acme-database-secret-read-rekor-log2026-1',
    ]);
    expect(names).toContain('acme-checkpoint-age-rekor-log2026-2');
  });

  it('of another region is about what runs there, not about the functions of the first', () => {
    const more = sampleDeployment({ regions: `[${region}, eu-west-1]` }, ', { shard: log2026-2, region: eu-west-1 }');
    const names = Object.values(synthesise('eu-west-1', more).template.findResources('AWS::CloudWatch::Alarm')).map(
      (alarm) => alarm['Properties'].AlarmName as string,
    );
    expect(names).toContain('acme-tasks-missing-rekor-log2026-2');
    expect(names).not.toContain('acme-tasks-missing-fulcio');
    expect(names.filter((name) => /prober|tuf|checkpoint/.test(name))).toEqual([]);
  });

  it('rings for a changed role in the region where IAM reports it', () => {
    const there = synthesise('us-east-1', sampleDeployment({ regions: '[us-east-1]' })).template;
    there.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'acme-role-change',
      Dimensions: [{ Name: 'RuleName', Value: 'acme-role-change' }],
    });
    expect(alarms.map(({ AlarmName }) => AlarmName)).not.toContain('acme-role-change');
  });

  it('shows all of them on one dashboard', () => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'acme-instance' });
  });
});
