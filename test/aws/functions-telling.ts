import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { parseDeploymentRecord } from '../../src/services/deployment.ts';
import { type BusEvent, callEvent, stackEvent } from '../stacks/access/audit-events.ts';
import { account, region } from '../support/aws/emulated-aws.ts';
import type { Stage } from '../support/aws/stage.ts';
import { ask } from './functions-deployed.ts';

/** By the emulator's own reading of the patterns that it was given. The events are in the form of CloudTrail's examples. */
export function tellCases(stage: () => Stage): void {
  const call = (options: Parameters<typeof callEvent>[0]) => callEvent({ account, ...options });
  const deployer = `cdk-hnb659fds-cfn-exec-role-${account}-${region}`;

  it('takes, by the deployed rules, a stranger at the key of Fulcio, and lets its service be', async () => {
    const { recordFile } = stage();
    const key = parseDeploymentRecord(await readFile(recordFile), recordFile).keys.get('fulcio')?.arn ?? '';
    const sign = (by: string) => call({ call: 'kms:Sign', by, key });
    const read = (by: string) => call({ call: 'kms:GetPublicKey', by, key });
    expect(await takes(stage(), 'strange-signer-of-fulcio', [sign('mallory'), sign('acme-fulcio-task')])).toEqual([
      true,
      false,
    ]);
    expect(
      await takes(stage(), 'strange-reader-of-fulcio', [read('mallory'), read('user/eve'), read('acme-fulcio-task')]),
    ).toEqual([true, true, false]);
    const failed = call({ call: 'kms:Sign', by: 'acme-fulcio-task', key, errorCode: 'ThrottlingException' });
    expect(await takes(stage(), 'signatures-of-fulcio', [sign('acme-fulcio-task'), failed])).toEqual([true, false]);
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ['audit-change-trail', 'cloudtrail:StopLogging', { name: 'acme-audit' }],
    ['audit-change-trail', 'events:DeleteRule', { name: 'acme-audit-change-rules' }],
    ['audit-change-rules', 'events:RemoveTargets', { rule: 'acme-key-change' }],
    ['audit-change-alarms', 'monitoring:DeleteAlarms', { alarmNames: ['acme-evidence'] }],
    ['audit-change-records', 'logs:DeleteLogGroup', { logGroupName: '/aws/events/sigstead/acme/audit' }],
    ['audit-change-topics', 'sns:DeleteTopic', { topicArn: `arn:aws:sns:${region}:${account}:acme-audit` }],
    ['route-change', 'elasticloadbalancing:RegisterTargets', { targetGroupArn: 'arn:aws:x' }],
    ['database-change', 'rds:ModifyDBCluster', { dBClusterIdentifier: 'sigstead-acme' }],
  ])('takes, by %s, %s of anybody but a deployment', async (rule, name, parameters) => {
    const byHand = ['mallory', deployer].map((by) => call({ call: name, by, parameters }));
    const deployed = call({ call: name, by: deployer, through: 'cloudformation.amazonaws.com', parameters });
    expect(await takes(stage(), rule, [...byHand, deployed])).toEqual([true, true, false]);
  });

  it('takes an object that anybody but a log hides, and whoever becomes break-glass', async () => {
    const parameters = { bucketName: `acme-records-${account}-${region}`, key: 'inception/x' };
    const hide = (by: string) => call({ call: 's3:DeleteObject', by, parameters });
    const hidden = await takes(stage(), 'objects-deleted-one', [hide('mallory'), hide('acme-rekor-log2026-1-task')]);
    expect(hidden).toEqual([true, false]);
    const become = (role: string) =>
      call({ call: 'sts:AssumeRole', by: 'user/eve', parameters: { roleArn: `arn:aws:iam::${account}:role/${role}` } });
    expect(await takes(stage(), 'break-glass-used', [become('acme-break-glass'), become('acme-auditor')])).toEqual([
      true,
      false,
    ]);
  });

  it('takes a deployment that begins, and not its end', async () => {
    const events = ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'].map((status) => stackEvent('acme-Fulcio', status));
    expect(await takes(stage(), 'deployment', events)).toEqual([true, false]);
  });

  it('counts, in the log group of Rekor, what must be none', async () => {
    const logGroupName = '/sigstead/acme/rekor-log2026-1';
    const answer = await ask(stage().aws, 'logs', 'Logs_20140328.DescribeMetricFilters', { logGroupName });
    const [filter] = (answer as { metricFilters: readonly object[] }).metricFilters;
    expect(filter).toMatchObject({
      filterPattern: '"failed to integrate entry" "verifying inclusion proof for index"',
      metricTransformations: [{ metricNamespace: 'Sigstead/acme/rekor-log2026-1' }],
    });
  });
}

async function takes({ aws }: Stage, id: string, events: readonly BusEvent[]): Promise<readonly boolean[]> {
  const rule = await ask(aws, 'events', 'AWSEvents.DescribeRule', { Name: `acme-${id}` });
  const { EventPattern } = rule as { EventPattern: string };
  const answers = events.map(async (event) => {
    const input = { Event: JSON.stringify(event), EventPattern };
    return ((await ask(aws, 'events', 'AWSEvents.TestEventPattern', input)) as { Result: boolean }).Result;
  });
  return await Promise.all(answers);
}
