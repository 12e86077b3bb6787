import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, PutObjectCommandInput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { awsClientLimits, awsDeadline } from '../core/aws.ts';
import { concat, equalBytes } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { Store } from '../core/store.ts';
import { assertPlainPath } from './plain-path.ts';
import { atS3, isConditionUnmet, isNoSuchKey } from './s3-errors.ts';
import { parseS3Uri, type S3Location } from './s3-uri.ts';

export interface S3StoreOptions {
  /** What a test wants otherwise than the SDK finds it in its surroundings. */
  readonly client?: S3ClientConfig;
}

/** What S3 is told of a file besides its name and bytes. */
type PutOptions = Pick<PutObjectCommandInput, 'CacheControl' | 'IfMatch' | 'IfNoneMatch'>;

interface Found {
  readonly bytes: Uint8Array;
  /** Another one for other bytes. */
  readonly eTag: string;
}

/**
 * A `Store` that is a bucket, or a part of one. Credentials and region are what the AWS SDK finds.
 *
 * S3 reads what was written last, and decides of two conditional writes which one came first; so there is no lock.
 * `create` writes only where nothing is. `replace` writes only over what this object read last at that path (an
 * object that read nothing there replaces whatever it finds): of two who publish at once the slower one fails, before
 * it changes what clients see.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
 */
export class S3Store implements Store {
  readonly uri: string;
  readonly #location: S3Location;
  readonly #options: S3StoreOptions;
  /** The ETag of what was read or written last at a path; `undefined` where nothing was. */
  readonly #seen = new Map<string, string | undefined>();
  #client: Promise<S3Client> | undefined;

  /** @throws STORE_URI */
  constructor(uri: string, options: S3StoreOptions = {}) {
    this.#location = parseS3Uri(uri);
    this.#options = options;
    this.uri = uri;
  }

  /**
   * @throws CORE_TOO_LARGE
   * @throws STORE_DENIED, STORE_NO_BUCKET, STORE_UNCONFIGURED, STORE_FAILED, as every method
   */
  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const found = await this.#get(path, maxBytes);
    this.#seen.set(path, found?.eTag);
    return found?.bytes;
  }

  /** @throws STORE_EXISTS, STORE_CHANGED if another write of the same name was under way */
  async create(path: string, bytes: Uint8Array): Promise<void> {
    const put = { CacheControl: 'public, max-age=31536000, immutable', IfNoneMatch: '*' };
    if (await this.#put(path, bytes, put)) return;
    const present = await this.#compare(path, bytes);
    if (present === 'same') return;
    throw present === 'absent' ? changed(this.uri, path) : exists(this.uri, path);
  }

  /** @throws STORE_CHANGED if another wrote there since this object read it */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const seen = this.#seen.get(path);
    const unseen = this.#seen.has(path) ? { IfNoneMatch: '*' } : {};
    const condition = seen === undefined ? unseen : { IfMatch: seen };
    if (await this.#put(path, bytes, { CacheControl: 'no-store', ...condition })) return;
    // Where an answer got lost, what stands in the way of the second attempt is the first.
    if ((await this.#compare(path, bytes)) !== 'same') throw changed(this.uri, path);
  }

  async #get(path: string, maxBytes: number): Promise<Found | undefined> {
    assertPlainPath(this.uri, path);
    return await atS3({ uri: this.uri, path, operation: 'GetObject' }, async () => {
      const { GetObjectCommand } = await import('@aws-sdk/client-s3');
      const client = await this.#connect();
      const get = new GetObjectCommand(this.#object(path));
      const answer = await client.send(get, { abortSignal: awsDeadline() }).catch((error: unknown) => {
        if (isNoSuchKey(error)) return undefined;
        throw error;
      });
      if (answer === undefined) return undefined;
      const bytes = await readBody(answer, maxBytes, `${this.uri}/${path}`);
      return { bytes, eTag: eTagOf(answer) };
    });
  }

  /** Returns false if the condition was not met. */
  async #put(path: string, bytes: Uint8Array, options: PutOptions): Promise<boolean> {
    assertPlainPath(this.uri, path);
    return await atS3({ uri: this.uri, path, operation: 'PutObject' }, async () => {
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      const client = await this.#connect();
      const put = new PutObjectCommand({
        ...this.#object(path),
        ...options,
        Body: bytes,
        ContentType: path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
        ChecksumSHA256: Buffer.from(sha256(bytes)).toString('base64'),
      });
      try {
        this.#seen.set(path, eTagOf(await client.send(put, { abortSignal: awsDeadline() })));
        return true;
      } catch (error) {
        if (isConditionUnmet(error)) return false;
        throw error;
      }
    });
  }

  /** Leaves what `replace` expects as it is, but where the bytes are those of our own write. */
  async #compare(path: string, bytes: Uint8Array): Promise<'same' | 'other' | 'absent'> {
    try {
      const found = await this.#get(path, bytes.length);
      if (found === undefined) return 'absent';
      if (!equalBytes(found.bytes, bytes)) return 'other';
      this.#seen.set(path, found.eTag);
      return 'same';
    } catch (error) {
      if (error instanceof ToolkitError && error.code === 'CORE_TOO_LARGE') return 'other';
      throw error;
    }
  }

  #object(path: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#location.bucket, Key: `${this.#location.prefix}${path}` };
  }

  /** Loading the SDK takes a tenth of a second, and few verbs need it. */
  async #connect(): Promise<S3Client> {
    this.#client ??= import('@aws-sdk/client-s3').then(
      ({ S3Client }) => new S3Client({ ...awsClientLimits, ...this.#options.client }),
    );
    return await this.#client;
  }
}

/** Returns the store of a bucket, or of a part of it; nobody is asked before the first read or write. */
export function s3Store(uri: string, options: S3StoreOptions = {}): S3Store {
  return new S3Store(uri, options);
}

async function readBody(answer: GetObjectCommandOutput, maxBytes: number, what: string): Promise<Uint8Array> {
  const body = answer.Body as Readable;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    if ((answer.ContentLength ?? 0) > maxBytes) throw tooLarge(what, maxBytes);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(what, maxBytes);
      chunks.push(chunk);
    }
    return concat(...chunks);
  } finally {
    body.destroy();
  }
}

/** Without it `replace` could not tell whether somebody else wrote. */
function eTagOf({ ETag: eTag }: { readonly ETag?: string | undefined }): string {
  if (eTag === undefined) throw new Error('the answer has no ETag');
  return eTag;
}

function tooLarge(what: string, maxBytes: number): ToolkitError {
  return new ToolkitError('CORE_TOO_LARGE', {
    message: `${what}: expected at most ${maxBytes} bytes`,
    fault: 'input',
    data: { path: what, maxBytes },
    hint: 'nothing that belongs there is as large: check that it is the file that was meant',
  });
}

function exists(uri: string, path: string): ToolkitError {
  return new ToolkitError('STORE_EXISTS', {
    message: `${uri}/${path}: already exists with other content`,
    fault: 'input',
    data: { path, store: uri },
    hint: 'nothing was overwritten; if someone else published just now, start again from what is published',
  });
}

function changed(uri: string, path: string): ToolkitError {
  return new ToolkitError('STORE_CHANGED', {
    message: `${uri}/${path}: someone else wrote it after it was read here`,
    fault: 'environment',
    data: { path, store: uri },
    hint: 'nothing was overwritten; start again from what is published now',
  });
}
