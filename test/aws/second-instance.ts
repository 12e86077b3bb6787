import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { afterAll, expect, it } from '@jest/globals';
import { LoadClient } from '../../bench/load/load-client.ts';
import { issuedCertificate, Signatory } from '../../bench/load/signatory.ts';
import { portOf } from '../../lib/server-ports.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { type Answer, answerOf } from '../support/aws/access.ts';
import { unknownEverywhere } from '../support/aws/cdk.ts';
import { account, region } from '../support/aws/emulated-aws.ts';
import { tokenOfNobody, verifiedEntry } from '../support/aws/load.ts';
import { assertCertificateLogged, auditBucket, deployedLogs } from '../support/aws/log-state.ts';
import { assume } from '../support/aws/roles.ts';
import { SecondInstance, secondRegion } from '../support/aws/second-instance.ts';
import type { Stage } from '../support/aws/stage.ts';

/** Types of resources that the emulator does not know, of those that this instance has. The list may only become shorter. */
const leftOutHere = [...unknownEverywhere, 'AWS::EC2::VPCEndpointService'].toSorted();

const stacks = {
  'eu-central-1': [
    ...['Audit', 'CtLog-ct2027-1', 'Database', 'Edge', 'Fulcio', 'KeyRoles', 'Keys', 'LogData-ct-ct2027-1'],
    ...['LogData-rekor-log2027-1', 'Monitoring', 'Network', 'Observability', 'Rekor-log2027-1', 'Roles', 'TrustData'],
    'Tsa-tsa-1',
  ],
  'eu-west-1': [
    ...['Audit', 'Database', 'Edge', 'Keys', 'LogData-rekor-log2027-2', 'Network', 'Observability', 'Rekor-log2027-2'],
    ...['TrustData', 'Tsa-tsa-2'],
  ].map((name) => `${name}-eu-west-1`),
};

const [ctLog, authority, shardAbroad] = ['ct-ct2027-1', 'timestamp-tsa-2', 'log2027-2'];

export function secondInstanceCases(stage: () => Stage): void {
  let second: SecondInstance;
  afterAll(async () => second?.[Symbol.asyncDispose](), 60_000);

  it('gets keys in two regions, which the auditor records', async () => {
    const { aws, images, built, ceremony, pool } = stage();
    const rootPolicy = join(ceremony.rootSigning, 'policy.yaml');
    const unknownTypes = new Set(leftOutHere);
    second = await SecondInstance.begin({ aws, images, built, rootPolicy, pool, unknownTypes });
    await second.deployKeys();
    await second.certify();
    const regions = [...(await second.keys())].map(([id, { arn }]) => `${id} ${arn.split(':')[3]}`);
    // TesseraCT's own binary keeps its key itself.
    expect(regions.toSorted()).toEqual([
      `fulcio ${region}`,
      `rekor-log2027-1 ${region}`,
      `rekor-log2027-2 ${secondRegion}`,
      `timestamp-tsa-1 ${region}`,
      `timestamp-tsa-2 ${secondRegion}`,
      `tuf-online ${region}`,
    ]);
  }, 180_000);

  it('is deployed whole: private, in two regions, with the own binary of TesseraCT', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await second.keepCtKey({
      publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      privatePem: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    });
    await second.pushImages();
    const { leftOut } = await second.deploy();
    expect([...leftOut.keys()]).toEqual(leftOutHere);
    for (const [where, expected] of Object.entries(stacks)) expect(await deployedStacks(where)).toEqual(expected);
  }, 300_000);

  it('signs in the second region with the role of the authority there, and with no other', async () => {
    const arn = (await second.keys()).get(authority)?.arn;
    expect(await signAs(`beta-${authority}-task`, arn)).toBe('allowed');
    const others = ['beta-timestamp-tsa-1-task', 'beta-fulcio-task', `acme-${authority}-task`];
    for (const other of [...others, `beta-${authority}-execution`])
      expect([other, await signAs(other, arn)]).toEqual([other, 'refused']);
  }, 60_000);

  it('stamps the time in the second region', async () => {
    const { address } = await second.abroad.start(authority);
    const url = `http://${address}:${portOf(authority, 'http')}/api/v1/timestamp`;
    await expectTimestamp(stage(), url, second.certificate(authority));
  }, 120_000);

  it('logs in the second region, with a database, buckets and a key there, and goes on after another start', async () => {
    const startAndWrite = async (index: number) => {
      const task = await second.abroad.start(`rekor-${shardAbroad}`);
      const rekor = new LoadClient(`http://${task.address}:${portOf(`rekor-${shardAbroad}`, 'http')}`, 1);
      const call = new Signatory(tokenOfNobody).logEntry();
      const entry = verifiedEntry(await rekor.send(call), call, await second.rekor(shardAbroad));
      rekor.close();
      expect(entry.index).toBe(index);
      return task;
    };
    await second.abroad.stop(await startAndWrite(0), 75_000);
    await startAndWrite(1);
  }, 240_000);

  it('issues certificates that TesseraCT logged with a key from Secrets Manager', async () => {
    const { aws, token } = stage();
    await second.services.start(ctLog);
    const { address } = await second.services.start('fulcio');
    const client = new LoadClient(`http://${address}:${portOf('fulcio', 'http')}`, 1);
    const certificate = issuedCertificate(await client.send(new Signatory(await token()).certificate()));
    client.close();
    const { ct } = await deployedLogs(aws, second);
    const { entries } = await auditBucket(ct);
    assertCertificateLogged(entries, certificate, ct);
  }, 180_000);
}

async function signAs(role: string, KeyId: string | undefined): Promise<Answer> {
  const credentials = await assume(`arn:aws:iam::${account}:role/${role}`);
  const kms = new KMSClient({ region: secondRegion, credentials, maxAttempts: 1 });
  const digest = { Message: randomBytes(48), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_384' } as const;
  return await answerOf(kms.send(new SignCommand({ KeyId, ...digest })));
}

/** Names of the stacks of a region; passes if each is whole. */
async function deployedStacks(where: string): Promise<readonly string[]> {
  const client = new CloudFormationClient({ region: where });
  const { StackSummaries = [] } = await client.send(new ListStacksCommand({}));
  const own = StackSummaries.filter(({ StackName = '' }) => StackName.startsWith('beta-'));
  const broken = own.filter(({ StackStatus = '' }) => !/^(?:CREATE|UPDATE)_COMPLETE$/.test(StackStatus));
  expect(broken.map(({ StackName, StackStatus }) => `${StackName} ${StackStatus}`)).toEqual([]);
  return own.map(({ StackName = '' }) => StackName.slice('beta-'.length)).toSorted();
}

/** Asks as `openssl ts` does, and has it judge the answer. */
async function expectTimestamp({ aws }: Stage, url: string, chain: string): Promise<void> {
  const [query, answer] = [join(aws.directory, 'abroad.tsq'), join(aws.directory, 'abroad.tsr')];
  const digest = randomBytes(32).toString('hex');
  await openssl('ts', '-query', '-sha256', '-digest', digest, '-cert', '-out', query);
  const headers = { 'content-type': 'application/timestamp-query' };
  const answered = await fetch(url, { method: 'POST', headers, body: await readFile(query) });
  await writeFile(answer, new Uint8Array(await answered.arrayBuffer()));
  const said = await openssl('ts', '-verify', '-queryfile', query, '-in', answer, '-CAfile', chain);
  expect(said).toContain('Verification: OK');
}

async function openssl(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram({ file: '/usr/bin/openssl', args, timeoutMs: 30_000 });
  if (exitCode !== 0) throw new Error(`openssl ${args.slice(0, 2).join(' ')}: ${stderr}`);
  return `${stdout}${stderr}`;
}
