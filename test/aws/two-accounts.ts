import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { expect, it } from '@jest/globals';
import { awsRecordCommand } from '../../operate/aws/record.ts';
import { parseDeploymentRecord, type RecordedKey } from '../../src/services/deployment.ts';
import { type Answer, answerOf } from '../support/aws/access.ts';
import { tellLeftOut, unknownEverywhere } from '../support/aws/cdk.ts';
import { account, keysAccount, region } from '../support/aws/emulated-aws.ts';
import { assume, type Credentials, createPeople } from '../support/aws/roles.ts';
import type { Stage } from '../support/aws/stage.ts';
import { runCommand } from '../support/invocation.ts';

const auditors = 'security-auditors';

/** Keys in an account of their own, as far as the emulator has that. */
export function twoAccountCases(stage: () => Stage): void {
  let config: string;
  let fulcio: RecordedKey | undefined;

  it('deploys roles, keys and their audit into the account of the keys, from the one of the servers', async () => {
    const { aws, unknownTypes } = stage();
    config = await writeConfiguration(stage());
    aws.become(keysAccount);
    await createPeople(keysAccount, auditors);
    await aws.bootstrapKeysAccount();
    const deployed = stacks('Roles', 'KeyRoles', 'Keys', 'KeysAudit');
    const { leftOut } = await aws.deploy(synth(stage(), config), unknownTypes, deployed);
    tellLeftOut('gamma', leftOut);
    expect([...leftOut.keys()]).toEqual(unknownEverywhere);
    expect(await deployedIn(stage(), account)).toEqual(['gamma-Roles CREATE_COMPLETE']);
    expect(await deployedIn(stage(), keysAccount)).toEqual(
      ['KeyRoles', 'Keys', 'KeysAudit'].map((name) => `gamma-${name} CREATE_COMPLETE`),
    );
  }, 180_000);

  it('has keys that the auditor of their account records, and nobody there signs with', async () => {
    const { aws } = stage();
    const record = async () => await runCommand(awsRecordCommand, ['--config', config]);
    await aws.as(auditors, 'gamma-auditor', record, keysAccount);
    const file = join(config, '..', 'deployment.json');
    fulcio = parseDeploymentRecord(await readFile(file), file).keys.get('fulcio');
    expect(fulcio?.arn).toMatch(new RegExp(`^arn:aws:kms:${region}:${keysAccount}:key/`));
    aws.become(keysAccount);
    const role = (name: string) => `arn:aws:iam::${keysAccount}:role/${name}`;
    const auditor = await assume(role('gamma-auditor'), await assume(role(auditors)));
    const deployment = await assume(role(`cdk-hnb659fds-cfn-exec-role-${keysAccount}-${region}`));
    aws.become(account);
    for (const who of [auditor, deployment]) expect(await sign(who, fulcio)).toBe('refused');
  }, 60_000);

  it('meets the limit of the emulator: a key of another account is not found by whoever may sign with it', async () => {
    const { aws, unknownTypes } = stage();
    // The role gets its statement, which names the recorded key.
    await aws.deploy(synth(stage(), config), unknownTypes, stacks('Roles'));
    const task = async (name: string) => await assume(`arn:aws:iam::${account}:role/${name}`);
    expect(await sign(await task('gamma-timestamp-tsa-1-task'), fulcio)).toBe('refused');
    expect(await sign(await task('gamma-fulcio-task'), fulcio)).toBe('NotFoundException');
  }, 120_000);
}

function stacks(...names: readonly string[]): readonly string[] {
  return [...names.map((name) => `gamma-${name}`), '--exclusively'];
}

function synth({ aws }: Stage, config: string): readonly string[] {
  return ['-c', `config=${config}`, '-c', `databaseCa=${aws.ca.file}`, '-c', 'writeOnce=false'];
}

async function writeConfiguration({ aws, ceremony }: Stage): Promise<string> {
  const directory = join(aws.directory, 'gamma');
  await mkdir(directory);
  const config = join(directory, 'sigstead.yaml');
  const lines = [
    'instance: { name: gamma, domain: sigstore.gamma.example }',
    `root: ${join(ceremony.rootSigning, 'policy.yaml')}`,
    'issuers: [{ preset: github-actions }]',
    'logs: { rekor: [{ shard: log2027-1 }], ct: [{ shard: ct2027-1 }] }',
    'timestamps: [{ name: tsa-1 }, { name: tsa-2 }]',
    'aws:',
    ...[`  account: '${account}'`, `  keysAccount: '${keysAccount}'`, `  regions: [${region}]`, '  availability: dev'],
    `  auditors: ['arn:aws:iam::${keysAccount}:role/${auditors}']`,
    '',
  ];
  await writeFile(config, lines.join('\n'));
  return config;
}

async function deployedIn({ aws }: Stage, who: string): Promise<readonly string[]> {
  aws.become(who);
  const { StackSummaries = [] } = await new CloudFormationClient({ region }).send(new ListStacksCommand({}));
  aws.become(account);
  return StackSummaries.filter(({ StackName = '' }) => StackName.startsWith('gamma-'))
    .map(({ StackName, StackStatus }) => `${StackName} ${StackStatus}`)
    .toSorted();
}

async function sign(credentials: Credentials, key: RecordedKey | undefined): Promise<Answer> {
  const kms = new KMSClient({ region, credentials, maxAttempts: 1 });
  const digest = { Message: randomBytes(48), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_384' } as const;
  return await answerOf(kms.send(new SignCommand({ KeyId: key?.arn, ...digest })));
}
