import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetPolicyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it } from '@jest/globals';
import { verifyByTwo } from '../../ceremony/candidate.ts';
import { changeOf, publishChange, readCurrent } from '../../ceremony/change.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { dayMs } from '../../src/core/clock.ts';
import { openAwsKmsSigner } from '../../src/keys/awskms-signer.ts';
import { parseDeploymentRecord, tufOnlineKey } from '../../src/services/deployment.ts';
import { maxMetadataBytes, timestampPath } from '../../src/tuf/layout.ts';
import { account, region } from '../support/aws/emulated-aws.ts';
import { type Identity, ownIdentity } from '../support/aws/identity-of.ts';
import type { Stage } from '../support/aws/stage.ts';
import { identityOfFunction, recordCalls, recordedSignatures } from './denials-trail.ts';
import { bucket, invoke, scheduleOf, whileReplaced } from './functions-deployed.ts';
import { tellCases } from './functions-telling.ts';
import { watchCases } from './functions-watching.ts';

export function functionCases(stage: () => Stage): void {
  describe('the schedules', () => scheduleCases(stage));
  describe('the online signer', () => resignCases(stage));
  describe('the monitor and the prober', () => watchCases(stage));
  describe('what tells', () => tellCases(stage));
}

function scheduleCases(stage: () => Stage): void {
  it.each([
    ['resign-online', 'rate(1 hour)'],
    ['monitor', 'rate(10 minutes)'],
    ['prober', 'rate(5 minutes)'],
  ])('start %s at %s, and nothing else does', async (name, expression) => {
    const { rule, targets } = await scheduleOf(stage().aws, name);
    expect(rule).toMatchObject({ ScheduleExpression: expression, State: 'ENABLED' });
    const arn = `arn:aws:lambda:${region}:${account}:function:acme-${name}`;
    expect(targets.map(({ Arn }) => Arn)).toEqual([arn]);
    const { Policy = '{}' } = await new LambdaClient().send(new GetPolicyCommand({ FunctionName: arn }));
    const { Statement } = JSON.parse(Policy) as { Statement: readonly object[] };
    expect(Statement).toHaveLength(1);
    expect(Statement[0]).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Condition: { ArnLike: { 'AWS:SourceArn': rule.Arn } },
    });
  });
}

function resignCases(stage: () => Stage): void {
  let genesis: Uint8Array;

  it('signs nothing while nothing is due', async () => {
    genesis = await timestamp();
    const { failed, answer, metrics } = await invoke(stage().aws, 'resign-online');
    expect({ failed, answer }).toMatchObject({ failed: false, answer: { changed: [] } });
    expect(metrics['TufTimestampExpiresInHours']?.[0]).toBeGreaterThan(6 * 24);
    expect(await timestamp()).toEqual(genesis);
  });

  it('signs a timestamp that is due, with the role and the key of the deployment, and clients follow', async () => {
    const { aws, clients, anchor } = stage();
    await recordCalls(stage());
    const since = new Date();
    const { due, publisher } = await publishShortTimestamp(stage());
    const { failed, answer } = await invoke(aws, 'resign-online');
    expect({ failed, answer }).toMatchObject({ failed: false, answer: { versions: { timestamp: due + 1 } } });
    expect(answer['changed']).toContain(timestampPath);
    const read = bucket('tuf').read.bind(bucket('tuf'));
    const verified = await verifyByTwo({ read, pinnedRoot: await readFile(anchor.rootFile), now: new Date() });
    expect(verified.timestamp.version).toBe(due + 1);
    expect(verified.timestamp.expires.getTime() - Date.now()).toBeGreaterThan(6 * dayMs);
    const home = join(aws.directory, 'home-resigned');
    await mkdir(home);
    expect(await clients.cosign.initialize(anchor, home)).toEqual({ accepted: true });
    await expectSignaturesOf(stage(), since, publisher);
  });

  it('refuses to sign over a timestamp that somebody put back, and calls it evidence', async () => {
    const { failed, answer, metrics, left } = await whileReplaced(
      { store: bucket('tuf'), path: timestampPath, bytes: genesis },
      async () => ({ ...(await invoke(stage().aws, 'resign-online')), left: await timestamp() }),
    );
    expect({ failed, evidence: metrics['Evidence'] }).toEqual({ failed: true, evidence: [1] });
    expect(answer['errorMessage']).toMatch(
      /timestamp: expected v\d+ as it was published last, or a later one, got v1$/,
    );
    expect(left).toEqual(genesis);
  });
}

/** Every signature since then is with the online key, by the publisher and by the function, each in its own role. */
async function expectSignaturesOf({ recordFile }: Stage, since: Date, publisher: Identity): Promise<void> {
  const signer = await identityOfFunction('acme-resign-online');
  expect(publisher.arn).toContain(':assumed-role/acme-publisher-task/');
  expect(signer.arn).toContain(':assumed-role/acme-resign-online-function/');
  const arn = parseDeploymentRecord(await readFile(recordFile), recordFile).keys.get(tufOnlineKey)?.arn ?? '';
  const signatures = await recordedSignatures(since);
  const ofOnline = signatures.filter(({ keyId }) => keyId === arn).map(({ accessKeyId }) => accessKeyId);
  expect(new Set(ofOnline)).toEqual(new Set([publisher.accessKeyId, signer.accessKeyId]));
  for (const { accessKeyId } of [publisher, signer]) {
    const keys = signatures.filter((each) => each.accessKeyId === accessKeyId).map(({ keyId }) => keyId);
    expect(new Set(keys)).toEqual(new Set([arn]));
  }
}

async function timestamp(): Promise<Uint8Array> {
  return (await bucket('tuf').read(timestampPath, maxMetadataBytes.timestamp)) ?? new Uint8Array();
}

/** Publishes, as a publisher may, a timestamp that is good for two days, which is less than the policy wants; returns its version, and who signed. */
async function publishShortTimestamp({
  aws,
  anchor,
  ceremony,
  recordFile,
}: Stage): Promise<{ readonly due: number; readonly publisher: Identity }> {
  const record = parseDeploymentRecord(await readFile(recordFile), recordFile);
  const written = await readRootPolicy(join(ceremony.rootSigning, 'policy.yaml'));
  const policy = { ...written, timestamp: { expiryDays: 2, resignDays: 1 } };
  const publish = async () => {
    const online = await openAwsKmsSigner(`awskms:///${record.keys.get(tufOnlineKey)?.arn}`);
    try {
      const store = bucket('tuf');
      const pinnedRoot = await readFile(anchor.rootFile);
      const current = await readCurrent(store, pinnedRoot);
      const { targetFiles } = current;
      const options = { policy, store, pinnedRoot, now: new Date(), online, ...changeOf(current), targetFiles };
      const { repository } = await publishChange({ ...options, resignSnapshot: false });
      return { due: repository.timestamp.version, publisher: await ownIdentity() };
    } finally {
      online.close();
    }
  };
  return await aws.as('ceremony-coordinators', 'acme-publisher-task', publish);
}
