import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, it } from '@jest/globals';
import { placedKeys } from '../../lib/access/placement.ts';
import type { PolicyDocument } from '../../lib/access/statement.ts';
import type { Deployment } from '../../lib/deployment.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type AccessCase, type BucketAction, expandMatrix, readMatrix, roleLabels } from '../stacks/access/matrix.ts';
import { type Asker, askerOf, deploymentOf, differencesOf, everyAsker } from '../support/aws/access.ts';
import { region } from '../support/aws/emulated-aws.ts';
import type { Stage } from '../support/aws/stage.ts';
import { bucketDifferences } from './denials-buckets.ts';
import { keyArn, keyQuestions } from './denials-keys.ts';
import { identityOf, recordCalls, recordedSignatures, timestamp } from './denials-trail.ts';

/** Nobody asks with their signatures here: they are AWS itself. */
const notAsked = new Set(['CloudFront', 'CloudTrail', 'load balancer', 'log delivery']);

/** `docs/access-matrix.yaml`, line by line, asked of the deployed instance. */
export function denialCases(stage: () => Stage): void {
  let deployment: Deployment;
  let cases: readonly AccessCase[];
  let askers: ReadonlyMap<string, Asker>;

  beforeAll(async () => {
    deployment = await deploymentOf(stage());
    cases = expandMatrix(await readMatrix(), deployment);
    askers = await everyAsker(deployment);
  }, 60_000);

  it('asks as everybody whom the matrix names', () => {
    expect([...askers.keys()]).toEqual([...roleLabels(deployment).keys(), 'administrator', 'deployment']);
    const named = new Set(cases.flatMap(({ allowed }) => [...allowed]));
    expect([...named].filter((label) => !askers.has(label) && !notAsked.has(label))).toEqual([]);
  });

  it('answers for every key as the access matrix says', async () => {
    const different = await keyDifferences(cases);
    expect(different.toSorted()).toEqual(knownOfTheEmulator(cases).toSorted());
    for (const { id } of placedKeys(deployment)) {
      const auditor = askers.get('auditor')?.kms;
      const key = await auditor?.send(new DescribeKeyCommand({ KeyId: keyArn(id, deployment) }));
      expect([id, key?.KeyMetadata?.KeyState]).toEqual([id, 'Enabled']);
    }
  }, 120_000);

  it('answers for every bucket as the access matrix says', async () => {
    const different = await bucketsDifferences(cases);
    expect(different.toSorted()).toEqual(overwrittenInTheEmulator(cases).toSorted());
  }, 300_000);

  it('notices one statement more in the policy of one key, and what is denied stays denied', async () => {
    const id = 'rekor-log2026-1';
    const KeyId = keyArn(id, deployment);
    const root = askerOf('root').kms;
    const { Policy = '' } = await root.send(new GetKeyPolicyCommand({ KeyId }));
    const policy = JSON.parse(Policy) as PolicyDocument;
    const AWS = roleLabels(deployment).get('prober') ?? '';
    const more = { Sid: 'More', Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' } as const;
    const changed = JSON.stringify({ ...policy, Statement: [...policy.Statement, more] });
    const its = cases.filter((each) => each.kind === 'key' && each.key.id === id);
    await root.send(new PutKeyPolicyCommand({ KeyId, Policy: changed }));
    try {
      const different = (await keyDifferences(its)).filter((line) => !knownOfTheEmulator(its).includes(line));
      const now = ['GetPublicKey', 'DescribeKey', 'GetKeyPolicy', 'ListGrants', 'DisableKey', 'TagResource'];
      expect(different).toEqual(now.map((action) => `prober: ${action} ${id}: expected refused, got allowed`));
    } finally {
      await root.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    }
    expect(await keyDifferences(its)).toEqual(knownOfTheEmulator(its));
  }, 60_000);

  it.each<[string, string, readonly BucketAction[]]>([
    ['ct-ct2026-1', 'KeepVersions', ['delete version']],
    ['audit', 'KeepEvents', ['delete', 'delete version']],
    ['audit', 'OnlyTheTrailWrites', ['overwrite']],
  ])(
    'notices the bucket of %s without the statement %s',
    async (owner, sid, actions) => {
      const Bucket = deployment.names.bucket(owner, region);
      const root = askerOf('root').s3;
      const { Policy = '' } = await root.send(new GetBucketPolicyCommand({ Bucket }));
      const policy = JSON.parse(Policy) as PolicyDocument;
      const Statement = policy.Statement.filter(({ Sid }) => Sid !== sid);
      const its = cases.filter((each) => each.kind === 'bucket' && each.bucket === Bucket);
      const asked = its.flatMap((each) => (each.kind === 'bucket' && actions.includes(each.action) ? [each] : []));
      await root.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ ...policy, Statement }) }));
      try {
        const now = asked.flatMap(({ action, object }) =>
          ['administrator', 'deployment'].map((who) => `${who}: ${action} ${Bucket}/${object}`),
        );
        expect(now).not.toEqual([]);
        expect(await bucketsDifferences(asked)).toEqual(now.map((line) => `${line}: expected refused, got allowed`));
      } finally {
        await root.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      }
      expect((await bucketsDifferences(its)).toSorted()).toEqual(overwrittenInTheEmulator(its).toSorted());
    },
    120_000,
  );

  it('still signs after all that, and every signature is of the task role of its service, with its own key', async () => {
    const { services } = stage();
    await recordCalls(stage());
    const since = new Date();
    const roles = new Map<string, string>();
    for (const task of services.tasks) {
      const { accessKeyId, arn } = await identityOf(task);
      roles.set(accessKeyId, arn.split('/').at(1) ?? arn);
    }
    await signOnce(stage());
    for (const task of services.tasks.filter(({ service }) => service.startsWith('timestamp-'))) await timestamp(task);
    const expected = [...new Set(services.tasks.map(({ service }) => service))].map(
      (id) => `${deployment.names.role(id, 'task')} ${keyArn(id, deployment)}`,
    );
    const seen = new Set<string>();
    const all = async () => {
      const signatures = await recordedSignatures(since);
      for (const { accessKeyId, keyId } of signatures) seen.add(`${roles.get(accessKeyId) ?? accessKeyId} ${keyId}`);
      return expected.every((each) => seen.has(each));
    };
    await waitFor(all, { what: `a signature of each service, of ${expected.join(', ')}`, timeoutMs: 20_000 });
    expect([...seen].toSorted()).toEqual(expected.toSorted());
  }, 60_000);

  async function bucketsDifferences(of: readonly AccessCase[]): Promise<readonly string[]> {
    const different: string[] = [];
    for (const each of of) {
      // S3 replicates by itself: there is no call to ask with.
      if (each.kind !== 'bucket' || each.action === 'replicate') continue;
      different.push(...(await bucketDifferences(each, askers)));
    }
    return different;
  }

  async function keyDifferences(of: readonly AccessCase[]): Promise<readonly string[]> {
    const different: string[] = [];
    for (const question of await keyQuestions(of, deployment, askers)) {
      different.push(...(await differencesOf(question, askers)));
    }
    return different;
  }
}

/**
 * What the emulator answers otherwise than the matrix: it has no condition keys of KMS, so who may sign may sign raw, and
 * learns only from the key that it has no other algorithm. The list may only become shorter.
 */
function knownOfTheEmulator(cases: readonly AccessCase[]): readonly string[] {
  const known: string[] = [];
  for (const each of cases) {
    if (each.kind !== 'key' || each.action !== 'Sign') continue;
    for (const signer of each.allowed) {
      known.push(`${signer}: SignRaw ${each.key.id}: expected refused, got allowed`);
    }
    for (const signer of each.allowed) {
      known.push(`${signer}: SignOtherAlgorithm ${each.key.id}: expected refused, got InvalidKeyUsageException`);
    }
  }
  return known;
}

/**
 * Who writes an object there may overwrite it too: the emulator has no condition key `s3:if-none-match`, so the instance is
 * deployed without the statement that has it. The list may only become shorter.
 */
function overwrittenInTheEmulator(cases: readonly AccessCase[]): readonly string[] {
  const known: string[] = [];
  for (const each of cases) {
    if (each.kind !== 'bucket' || each.action !== 'overwrite') continue;
    const { bucket, object } = each;
    const [write] = cases.filter(
      (other) =>
        other.kind === 'bucket' && other.action === 'write' && other.bucket === bucket && other.object === object,
    );
    for (const writer of write?.allowed ?? []) {
      if (each.allowed.has(writer) || notAsked.has(writer)) continue;
      known.push(`${writer}: overwrite ${bucket}/${object}: expected refused, got allowed`);
    }
  }
  return known;
}

async function signOnce({ aws, clients, anchor, expected, token }: Stage): Promise<void> {
  const home = join(aws.directory, 'home-cosign');
  const artifact = join(aws.directory, 'artifact-after-denials');
  const bundle = `${artifact}.sigstore.json`;
  await writeFile(artifact, 'signed after everybody asked for everything\n');
  await clients.cosign.sign({ anchor, home, artifact, bundle, identityToken: await token() });
  expect(await clients.cosign.verify({ anchor, home, artifact, bundle, expected })).toEqual({ accepted: true });
}
