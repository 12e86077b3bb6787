import { awsRecordCommand } from '../../../operate/aws/record.ts';
import { parseDeploymentRecord } from '../../../src/services/deployment.ts';
import { type FakeKms, type KeySpec, startFakeKms } from '../../support/fake-kms.ts';
import { runCommand } from '../../support/invocation.ts';
import { account, type ConfigLines, type InstanceFiles, instanceFiles, region } from './deployed.ts';

export const specs = {
  fulcio: 'ECC_NIST_P384',
  'ct-ct2026-1': 'ECC_NIST_P256',
  'rekor-log2026-1': 'ECC_NIST_P256',
  'timestamp-tsa-1': 'ECC_NIST_P384',
  'timestamp-tsa-2': 'ECC_NIST_P384',
  'tuf-online': 'ECC_NIST_P256',
} as const satisfies Record<string, KeySpec>;

export const aliasOf = (id: string) => `arn:aws:kms:${region}:${account}:alias/acme/${id}`;
const before = { ...process.env };

/** So that only what a test says is found. */
export function forgetProfile(): void {
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
}

export function restoreEnvironment(): void {
  process.env = before;
}

/** The keys of an instance in AWS KMS, where the SDK of this process finds it. */
export async function deployedKeys(lines: ConfigLines = {}) {
  const kms = await startFakeKms();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: kms.client.endpoint,
    AWS_ACCESS_KEY_ID: kms.client.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.client.credentials.secretAccessKey,
  });
  const arns = new Map(Object.entries(specs).map(([id, spec]) => [id, point(kms, id, spec)]));
  const files = await instanceFiles(lines);
  return {
    ...{ kms, files, arns },
    [Symbol.asyncDispose]: async () => {
      await kms[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

export function point(kms: FakeKms, id: string, spec: KeySpec): string {
  const arn = kms.addKey(spec);
  kms.pointAlias(aliasOf(id), arn);
  return arn;
}

export async function record(files: InstanceFiles, words: readonly string[] = []) {
  return await runCommand(awsRecordCommand, ['--config', files.at('sigstead.yaml'), ...words]);
}

export async function recorded(files: InstanceFiles) {
  return parseDeploymentRecord(Buffer.from(await files.read('deployment.json')), 'deployment.json').keys;
}
