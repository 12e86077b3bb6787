import { awsErrorName, awsFailureOf, awsStatus } from '../core/aws.ts';
import { describeCause, ToolkitError } from '../core/error.ts';

export type S3Operation = 'GetObject' | 'PutObject';

interface Context {
  /** Of the store. */
  readonly uri: string;
  readonly path: string;
  readonly operation: S3Operation;
}

/** Runs one operation of S3; the only place where what the SDK throws becomes an error of ours. */
export async function atS3<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    throw asStoreError(cause, context);
  }
}

/** True if there is no object of that name; a bucket that is not there is something else. */
export function isNoSuchKey(error: unknown): boolean {
  return awsErrorName(error) === 'NoSuchKey';
}

/**
 * True if a conditional write found something else than it was told to expect, or another write under way.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function isConditionUnmet(error: unknown): boolean {
  return awsStatus(error) === 412 || awsStatus(error) === 409 || isNoSuchKey(error);
}

function asStoreError(cause: unknown, context: Context): ToolkitError {
  if (awsErrorName(cause) === 'NoSuchBucket') return noBucket(cause, context);
  const failure = awsFailureOf(cause);
  if (failure === 'denied') return denied(cause, context);
  return failure === 'unconfigured' ? unconfigured(cause, context) : failed(cause, context);
}

function noBucket(cause: unknown, { uri, path, operation }: Context): ToolkitError {
  return new ToolkitError('STORE_NO_BUCKET', {
    message: `${uri}: there is no such bucket`,
    fault: 'input',
    data: { store: uri, path, operation },
    hint: 'check the name, and that the bucket has been deployed',
    cause,
  });
}

function denied(cause: unknown, { uri, path, operation }: Context): ToolkitError {
  return new ToolkitError('STORE_DENIED', {
    message: `${uri}/${path}: S3 does not let these credentials do ${operation}, or does not tell that nothing is there`,
    fault: 'environment',
    data: { store: uri, path, operation },
    hint: 'allow s3:GetObject, s3:PutObject and s3:ListBucket: without the last, S3 answers 403 for a file that is not there, where TUF clients stop',
    cause,
  });
}

function unconfigured(cause: unknown, { uri, path, operation }: Context): ToolkitError {
  return new ToolkitError('STORE_UNCONFIGURED', {
    message: `${uri}: the AWS SDK found no region, or no credentials that S3 takes`,
    fault: 'environment',
    data: { store: uri, path, operation },
    hint: 'log in again, or name AWS_PROFILE, or run as a role; set AWS_REGION to the region of the bucket',
    cause,
  });
}

function failed(cause: unknown, { uri, path, operation }: Context): ToolkitError {
  return new ToolkitError('STORE_FAILED', {
    message: `${uri}/${path}: ${operation} failed at S3 (${awsErrorName(cause)}: ${describeCause(cause)})`,
    fault: 'environment',
    data: { store: uri, path, operation },
    hint: 'check that this machine reaches S3, and that AWS_REGION is the region of the bucket; then run the same command again',
    cause,
  });
}
