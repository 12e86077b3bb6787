import { describe, expect, it } from '@jest/globals';
import { auditRules } from '../../../lib/access/audit-rules.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import {
  type BusEvent,
  callEvent,
  deployed,
  deployer,
  deployment,
  mallory,
  region,
  stackEvent,
  triggered,
} from './audit-events.ts';
import { keysAccount, mainAccount, sampleDeployment } from './support.ts';

const upstream = sampleDeployment({ ctLogServer: 'upstream' });
/** Fulcio's key is in an HSM, that of a timestamp authority elsewhere as well. */
const hsm = (({ config }): Deployment => {
  const key = 'pkcs11:token=servers;object=a' as const;
  const timestamps = config.timestamps.map((one) => ({ ...one, key }));
  return { ...deployment, config: { ...config, timestamps, fulcio: { ...config.fulcio, key } } };
})(deployment);
const fulcio = deployment.record.keys.get('fulcio')?.arn ?? '';
const topic = `arn:aws:sns:${region}:${mainAccount}`;

const sign = (by: string, more: object = {}) => callEvent({ call: 'kms:Sign', by, key: fulcio, ...more });
const read = (by: string, more: object = {}) => callEvent({ call: 'kms:GetPublicKey', by, key: fulcio, ...more });

describe('the rules about keys', () => {
  it.each<[string, BusEvent, readonly string[]]>([
    ['its service signs', sign('acme-fulcio-task'), ['every-signature', 'signatures-of-fulcio']],
    [
      'its service is refused',
      sign('acme-fulcio-task', { errorCode: 'AccessDenied' }),
      ['every-signature', 'signature-refused-by-fulcio'],
    ],
    [
      'another role signs',
      sign('acme-prober-function'),
      ['every-signature', 'strange-signer-of-fulcio', 'signatures-of-fulcio'],
    ],
    ['a user signs', sign('user/eve'), ['every-signature', 'strange-signer-of-fulcio', 'signatures-of-fulcio']],
    ['its service reads the public half', read('acme-fulcio-task'), []],
    ['the service of another key reads it', read('acme-ct-ct2026-1-task'), ['strange-reader-of-fulcio']],
    ['the prober reads it', read('acme-prober-function'), ['strange-reader-of-fulcio']],
    ['somebody is refused it', read(mallory, { errorCode: 'AccessDenied' }), ['strange-reader-of-fulcio']],
    ['a user reads it', read('user/eve'), ['strange-reader-of-fulcio']],
  ])('in the main account, where %s', (_what, event, rules) => {
    expect(triggered(event)).toEqual(rules);
  });

  const own = { account: keysAccount };
  const from = (account: string) => ({ account, seenIn: keysAccount });
  it.each<[string, BusEvent, readonly string[]]>([
    ['the auditor reads the public half', read('acme-auditor', own), []],
    ['the key administrator reads it', read('acme-key-administrator', own), []],
    ['its service reads it', read('', from(mainAccount)), []],
    ['break-glass reads it', read('acme-break-glass', own), ['key-read-by-other']],
    ['a user reads it', read('user/eve', own), ['key-read-by-other']],
    ['another account reads it', read('', from('999999999999')), ['key-read-by-other']],
    ['its service signs', sign('', from(mainAccount)), ['every-signature']],
    ['somebody signs', sign('acme-auditor', own), ['every-signature', 'signed-from-elsewhere']],
  ])("in the keys' account, where %s", (_what, event, rules) => {
    expect(triggered(event, 'keys')).toEqual(rules);
  });

  it.each(['kms:EnableKey', 'kms:CancelKeyDeletion'])('tell of a key that comes back, whoever did it: %s', (call) => {
    const by = (who: string, account: string) => callEvent({ call, by: who, account, parameters: { keyId: 'x' } });
    for (const who of [mallory, 'acme-key-administrator']) {
      expect(triggered(by(who, keysAccount), 'keys')).toEqual(['key-return']);
    }
    const one = sampleDeployment({ keysAccount: mainAccount });
    expect(triggered(by(mallory, mainAccount), 'main', one)).toEqual(['key-return']);
    expect(triggered(callEvent({ ...own, call: 'kms:DescribeKey', by: mallory }), 'keys')).toEqual([]);
  });

  it('in one account for both, where the auditor reads the public half', () => {
    const one = sampleDeployment({ keysAccount: mainAccount });
    expect(triggered(read('acme-auditor'), 'main', one)).toEqual([]);
    const arn = one.record.keys.get('fulcio')?.arn;
    expect(triggered(read('acme-break-glass', { key: arn }), 'main', one)).toEqual(['strange-reader-of-fulcio']);
  });

  it('watches the secret in which the binary of TesseraCT keeps its key, and no other one', () => {
    const get = (by: string, secretId: string, action = 'GetSecretValue') =>
      triggered(callEvent({ call: `secretsmanager:${action}`, by, parameters: { secretId } }), 'main', upstream);
    const name = 'acme/key/ct-ct2026-1/private';
    const arn = `arn:aws:secretsmanager:${region}:${mainAccount}:secret:${name}-AbCdEf`;
    for (const id of [name, arn]) {
      expect(get(mallory, id)).toEqual(['key-secret-of-ct-ct2026-1']);
      expect(get('acme-ct-ct2026-1-task', id)).toEqual([]);
    }
    expect(get(mallory, name, 'PutSecretValue')).toEqual(['key-secret-of-ct-ct2026-1', 'secret-change']);
    expect(get('acme-ct-ct2026-1-execution', 'acme/database/ct-ct2026-1')).toEqual([]);
  });

  describe('watch the secret with the PIN of a key in an HSM', () => {
    const get = (by: string, secretId: string, { action = 'GetSecretValue', of = hsm } = {}) =>
      triggered(callEvent({ call: `secretsmanager:${action}`, by, parameters: { secretId } }), 'main', of);
    const name = 'acme/hsm/fulcio/pin';
    const arn = `arn:aws:secretsmanager:${region}:${mainAccount}:secret:${name}`;

    it.each([name, arn, `${arn}-AbCdEf`])('named %s, which its execution role may read, and nobody else', (id) => {
      for (const by of [
        mallory,
        'user/eve',
        'nobody',
        'acme-fulcio-task',
        'acme-timestamp-tsa-1-execution',
        deployer,
      ]) {
        expect({ by, rules: get(by, id) }).toEqual({ by, rules: ['key-secret-of-fulcio'] });
      }
      expect(get('acme-fulcio-execution', id)).toEqual([]);
    });

    it.each(['PutSecretValue', 'UpdateSecret', 'DeleteSecret', 'PutResourcePolicy'])('tells of %s', (action) => {
      expect(get(mallory, name, { action })).toEqual(['key-secret-of-fulcio', 'secret-change']);
    });

    it('say nothing of a description of it, of another secret, in another region, or of a key in KMS', () => {
      expect(get(mallory, name, { action: 'DescribeSecret' })).toEqual([]);
      expect(get(mallory, 'other/hsm/fulcio/pin')).toEqual([]);
      expect(get(mallory, 'acme/hsm/timestamp-tsa-2/pin')).toEqual([]);
      expect(get(mallory, name, { of: deployment })).toEqual([]);
    });

    it('is where the service is', () => {
      const ids = auditRules(hsm, { side: 'main', region: 'eu-west-1' }).map(({ id }) => id);
      expect(ids.filter((id) => id.startsWith('key-secret-of-'))).toEqual(['key-secret-of-timestamp-tsa-2']);
    });
  });
});

describe('the rule about a key in a keyset', () => {
  const kek = `arn:aws:kms:${region}:${mainAccount}:key/00000000-0000-4000-8000-000000000000`;
  const { config } = deployment;
  const rekor = config.logs.rekor.map((shard, index) =>
    index === 0 ? { ...shard, key: `tink:${kek}` as const } : shard,
  );
  const wrapped = { ...deployment, config: { ...config, logs: { ...config.logs, rekor } } };
  const id = `rekor-${rekor[0]?.shard}`;
  const decrypt = (by: string, more: object = {}) =>
    triggered(callEvent({ call: 'kms:Decrypt', by, key: kek, ...more }), 'main', wrapped);

  it('tells of everybody but its service who unwraps it or tries, and of no other KMS key', () => {
    for (const by of [mallory, 'user/eve', 'acme-fulcio-task']) expect(decrypt(by)).toEqual([`key-secret-of-${id}`]);
    expect(decrypt(mallory, { errorCode: 'AccessDenied' })).toEqual([`key-secret-of-${id}`]);
    expect(decrypt(`acme-${id}-task`)).toEqual([]);
    expect(decrypt(mallory, { key: fulcio })).toEqual([]);
  });
});

describe('the rules about the audit itself', () => {
  const trailArn = `arn:aws:cloudtrail:${region}:${mainAccount}:trail/acme-audit`;
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
    ['cloudtrail:StopLogging', { name: 'acme-audit' }, ['trail']],
    ['cloudtrail:StopLogging', { name: trailArn }, ['trail']],
    ['cloudtrail:DeleteTrail', { name: 'acme-audit' }, ['trail']],
    ['cloudtrail:PutEventSelectors', { trailName: 'acme-audit' }, ['trail']],
    ['events:DisableRule', { name: 'acme-strange-signer-of-fulcio' }, ['trail', 'rules']],
    ['events:DeleteRule', { name: 'acme-audit-change-rules' }, ['trail', 'rules']],
    ['events:RemoveTargets', { rule: 'acme-key-change', ids: ['alerts'] }, ['trail', 'rules']],
    ['events:PutRule', { name: 'acme-monitor', state: 'DISABLED' }, ['trail', 'rules']],
    ['monitoring:DeleteAlarms', { alarmNames: ['other', 'acme-evidence'] }, ['alarms']],
    ['monitoring:DisableAlarmActions', { alarmNames: ['acme-evidence'] }, ['alarms']],
    ['monitoring:PutMetricAlarm', { alarmName: 'acme-evidence', threshold: 1e9 }, ['alarms']],
    ['monitoring:SetAlarmState', { alarmName: 'acme-evidence', stateValue: 'OK' }, ['alarms']],
    ['monitoring:PutAlarmMuteRule', { name: 'x', muteTargets: { alarmNames: ['acme-evidence'] } }, ['mutes']],
    ['monitoring:PutAlarmMuteRule', { name: 'everything' }, ['mutes']],
    ['logs:PutAccountPolicy', { policyName: 'x', policyType: 'DATA_PROTECTION_POLICY' }, ['records']],
    ['logs:PutDataProtectionPolicy', { logGroupIdentifier: '/sigstead/acme/fulcio' }, ['records']],
    ['sns:PutDataProtectionPolicy', { resourceArn: `${topic}:acme-audit` }, ['topics']],
    ['logs:DeleteLogGroup', { logGroupName: '/aws/events/sigstead/acme/audit' }, ['records']],
    ['logs:PutRetentionPolicy', { logGroupName: '/aws/events/sigstead/acme/audit', retentionInDays: 1 }, ['records']],
    ['logs:DeleteMetricFilter', { logGroupName: '/sigstead/acme/rekor-log2026-1', filterName: 'x' }, ['records']],
    ['logs:DeleteResourcePolicy', { policyName: 'acme-audit' }, ['records']],
    ['sns:Unsubscribe', { subscriptionArn: `${topic}:security:0a1b` }, ['topics']],
    ['sns:DeleteTopic', { topicArn: `${topic}:acme-audit` }, ['topics']],
    ['sns:SetTopicAttributes', { topicArn: `${topic}:acme-audit`, attributeName: 'Policy' }, ['topics']],
  ];

  it.each(cases)('tell of %s with %j, and not of a deployment', (call, parameters, rules) => {
    const by = (who: string) => triggered(callEvent({ call, by: who, parameters }));
    expect(by(mallory)).toEqual(rules.map((rule) => `audit-change-${rule}`));
    for (const who of ['user/eve', 'nobody', deployer]) expect(by(who)).toEqual(by(mallory));
    expect(triggered(callEvent({ call, ...deployed, parameters }))).toEqual([]);
  });

  it.each([
    ['cloudtrail:StopLogging', { name: 'their-trail' }],
    ['events:DisableRule', { name: 'nightly-report' }],
    ['monitoring:DeleteAlarms', { alarmNames: ['other'] }],
    ['monitoring:PutAlarmMuteRule', { name: 'x', muteTargets: { alarmNames: ['other'] } }],
    ['monitoring:DeleteAlarmMuteRule', { alarmMuteRuleName: 'x' }],
    ['sns:PutDataProtectionPolicy', { resourceArn: `${topic}:newsletter` }],
    ['logs:PutDataProtectionPolicy', { logGroupIdentifier: '/aws/lambda/other' }],
    ['logs:DeleteLogGroup', { logGroupName: '/aws/lambda/other' }],
    ['sns:Unsubscribe', { subscriptionArn: `${topic}:newsletter:0a1b` }],
    ['events:DescribeRule', { name: 'acme-key-change' }],
    ['cloudtrail:LookupEvents', null],
  ])('say nothing about %s with %j, which is not ours or changes nothing', (call, parameters) => {
    expect(triggered(callEvent({ call, by: mallory, parameters }))).toEqual([]);
  });

  it('watch in the account of the keys as well, whose deployment is another', () => {
    const name = { call: 'cloudtrail:StopLogging', parameters: { name: 'acme-audit' }, account: keysAccount };
    const stop = (by: string, through?: string) =>
      triggered(callEvent({ ...name, by, ...(through !== undefined && { through }) }), 'keys');
    const itsDeployer = `cdk-hnb659fds-cfn-exec-role-${keysAccount}-${region}`;
    expect(stop(itsDeployer, deployed.through)).toEqual([]);
    expect(stop(itsDeployer)).toEqual(['audit-change-trail']);
    expect(stop('acme-break-glass')).toEqual(['audit-change-trail']);
  });
});

describe('the rule about deployments', () => {
  it.each(['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'DELETE_IN_PROGRESS'])(
    'tells, once per stack, that one begins: %s',
    (status) => {
      expect(triggered(stackEvent('acme-Fulcio', status))).toEqual(['deployment']);
      // The execution role serves a stack of any name.
      expect(triggered(stackEvent('innocent', status))).toEqual(['deployment']);
    },
  );

  it.each(['UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'REVIEW_IN_PROGRESS'])(
    'says no more of the same one: %s',
    (status) => {
      expect(triggered(stackEvent('acme-Fulcio', status))).toEqual([]);
    },
  );

  it('says nothing about each resource of the stack', () => {
    const resource = { 'detail-type': 'CloudFormation Resource Status Change' };
    expect(triggered({ ...stackEvent('acme-Fulcio', 'UPDATE_IN_PROGRESS'), ...resource })).toEqual([]);
  });

  it('is what tells of a program that a deployment changed, for the other rule does not', () => {
    const register = (who: Pick<Parameters<typeof callEvent>[0], 'by' | 'through'>) =>
      triggered(callEvent({ call: 'ecs:RegisterTaskDefinition', ...who, parameters: { family: 'acme-fulcio' } }));
    expect(register(deployed)).toEqual([]);
    expect(register({ by: mallory })).toEqual(['program-change']);
  });

  it.each([
    ['a session of the role', { by: deployer }],
    ['the role through another service', { by: deployer, through: 'ssm.amazonaws.com' }],
    ['another role through CloudFormation', { by: mallory, through: 'cloudformation.amazonaws.com' }],
    ['the deployment of another region', { ...deployed, by: deployer.replace(region, 'eu-west-2') }],
  ])('does not stand for %s, of which the others tell', (_who, who) => {
    const stop = { call: 'events:DisableRule', parameters: { name: 'acme-program-change' } };
    expect(triggered(callEvent({ call: 'ecs:RunTask', ...who }))).toEqual(['program-change']);
    expect(triggered(callEvent({ ...stop, ...who }))).toEqual(['audit-change-trail', 'audit-change-rules']);
  });
});

describe('auditRules', () => {
  it('keeps each pattern within what EventBridge takes', () => {
    for (const sample of [deployment, upstream, hsm]) {
      for (const side of ['main', 'keys'] as const) {
        for (const { id, pattern } of auditRules(sample, { side, region })) {
          expect({ id, fits: JSON.stringify(pattern).length <= 2_048 }).toEqual({ id, fits: true });
        }
      }
    }
  });
});
