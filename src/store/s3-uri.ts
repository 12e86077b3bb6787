import { isPlainPath } from './plain-path.ts';
import { storeUriError } from './store-uri-error.ts';

export interface S3Location {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
}

/**
 * Parses `s3://BUCKET` or `s3://BUCKET/PREFIX`.
 * @throws STORE_URI
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function parseS3Uri(uri: string): S3Location {
  const { bucket, prefix } = /^s3:\/\/(?<bucket>[^/]+)(?:\/(?<prefix>.+))?$/.exec(uri)?.groups ?? {};
  const hint = 'e.g. s3://acme-tuf or s3://acme-tuf/production, without a slash at the end';
  if (bucket === undefined) throw storeUriError(uri, 'expected s3:// and a bucket', hint);
  if (!isBucketName(bucket)) throw storeUriError(uri, `${JSON.stringify(bucket)} is no name of a bucket`, hint);
  if (prefix === undefined) return { bucket, prefix: '' };
  if (!isPlainPath(prefix)) throw storeUriError(uri, 'expected a plain path behind the bucket', hint);
  return { bucket, prefix: `${prefix}/` };
}

function isBucketName(name: string): boolean {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return false;
  return !name.includes('..') && !/^[0-9]+(\.[0-9]+){3}$/.test(name);
}
