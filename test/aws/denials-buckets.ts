import {
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { AccessCase, BucketAction } from '../stacks/access/matrix.ts';
import { type Asker, answerOf, askerOf, differencesOf, type Question } from '../support/aws/access.ts';

interface Target {
  readonly Bucket: string;
  readonly Key: string;
  /** The instance needs it: nothing is done to it that could be noticed. */
  readonly inUse: boolean;
  /** Of the object that is there to be destroyed; `null`, which no object of a versioned bucket has, of one in use. */
  readonly VersionId: string;
}

/** Evidence, and what no role of the matrix may destroy: the root user of the account clears up there. */
const withoutBreakGlass = /-(?:audit|access-logs)-/;

/** What S3 says only after it has let somebody in, of an object in use. */
const conditionNotMet = ['PreconditionFailed'];

/**
 * Asks everybody what the matrix says of a bucket, and returns the differences. What is not there is made for the
 * question and destroyed after it by the break-glass role, where it may. What is there stays: it is written on the condition that it is
 * missing, hidden on the condition that it is something else, and asked to lose a version that it does not have.
 */
export async function bucketDifferences(
  each: AccessCase,
  askers: ReadonlyMap<string, Asker>,
): Promise<readonly string[]> {
  if (each.kind !== 'bucket') throw new Error('expected a question about a bucket');
  const { bucket: Bucket, object: Key = '', action, allowed } = each;
  const breakGlass = askers.get('break-glass')?.s3;
  if (!breakGlass) throw new Error('expected somebody who removes versions');
  const root = askerOf('root').s3;
  const inUse = Key === '' || (await isThere(root, Bucket, Key));
  const remover = withoutBreakGlass.test(Bucket) ? root : breakGlass;
  const clear = async () => (inUse ? undefined : await destroy(remover, Bucket, Key));
  const VersionId = inUse || action === 'write' ? 'null' : await make(root, Bucket, Key);
  const call = await callOf(action, root, { Bucket, Key, inUse, VersionId });
  const question: Question = {
    what: `${action} ${Bucket}/${Key}`,
    allowed,
    ask: async ({ s3 }) => answerOf(call(s3), inUse ? conditionNotMet : []),
    ...(action === 'write' && { undo: clear }),
  };
  try {
    return await differencesOf(question, askers);
  } finally {
    await clear();
  }
}

async function callOf(
  action: BucketAction,
  root: S3Client,
  { Bucket, Key, inUse, VersionId }: Target,
): Promise<(s3: S3Client) => Promise<unknown>> {
  switch (action) {
    case 'list':
      return async (s3) => s3.send(new ListObjectsV2Command({ Bucket }));
    case 'change policy': {
      const { Policy = '' } = await root.send(new GetBucketPolicyCommand({ Bucket }));
      return async (s3) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    }
    case 'read':
      return async (s3) => s3.send(new GetObjectCommand({ Bucket, Key }));
    case 'read without TLS':
      return async (s3) => s3.send(withoutTls(new GetObjectCommand({ Bucket, Key })));
    case 'write':
      return async (s3) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' }));
    case 'overwrite':
      return async (s3) =>
        s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...(inUse && { IfMatch: '"another"' }) }));
    case 'replicate':
      throw new Error('S3 replicates by itself: there is no call to ask');
    case 'delete':
      return async (s3) => s3.send(new DeleteObjectCommand({ Bucket, Key, ...(inUse && { IfMatch: '"another"' }) }));
    case 'delete version':
      return async (s3) => s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...bypass(Bucket) }));
  }
}

/** The emulator takes the word of a proxy in front of it for how a request came. */
function withoutTls(command: GetObjectCommand): GetObjectCommand {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-forwarded-proto'] = 'http';
      return await next(args);
    },
    { step: 'build' },
  );
  return command;
}

/** The records and the evidence are locked; S3 takes the header for a locked bucket only. */
function bypass(bucket: string) {
  return /-(?:records|audit)-/.test(bucket) ? { BypassGovernanceRetention: true } : {};
}

async function isThere(root: S3Client, Bucket: string, Key: string): Promise<boolean> {
  try {
    await root.send(new HeadObjectCommand({ Bucket, Key }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFound') return false;
    throw error;
  }
}

async function make(root: S3Client, Bucket: string, Key: string): Promise<string> {
  const { VersionId } = await root.send(new PutObjectCommand({ Bucket, Key, Body: 'made to be destroyed' }));
  if (VersionId !== undefined) return VersionId;
  // Where there are no versions, S3 calls the object itself by that name.
  if (Bucket.includes('-access-logs-')) return 'null';
  throw new Error(`${Bucket}: expected versions, has none`);
}

async function destroy(remover: S3Client, Bucket: string, Key: string): Promise<void> {
  const listed = await remover.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  const all = [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])].filter((each) => each.Key === Key);
  for (const { VersionId } of all) {
    await remover.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...bypass(Bucket) }));
  }
}
