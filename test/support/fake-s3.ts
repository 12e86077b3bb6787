import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startLoopbackServer } from './loopback-server.ts';

export interface S3Object {
  readonly bytes: Buffer;
  readonly headers: IncomingMessage['headers'];
}

/** S3, as far as it keeps objects of one bucket and decides of conditional writes, behind HTTP. */
export interface FakeS3 extends AsyncDisposable {
  /** By key. */
  readonly objects: Map<string, S3Object>;
  /** E.g. `PUT prefix/timestamp.json`. */
  readonly requests: readonly string[];
  /** Answers before S3 does, if it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Loses the answer to the next request, which is carried out. */
  loseNextAnswer(): void;
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const objects = new Map<string, S3Object>();
  const requests: string[] = [];
  let losesAnswer = false;
  const server = await startLoopbackServer(async (request, response) => {
    const path = new URL(request.url ?? '', 'http://s3').pathname;
    const bytes = await buffer(request);
    requests.push(`${request.method} ${path.slice(bucket.length + 2)}`);
    if (fake.intercept(request, response)) return;
    const answers = losesAnswer ? lost(request, response) : response;
    losesAnswer = false;
    const key = path.slice(bucket.length + 2);
    if (request.method === 'PUT') put(objects, key, { bytes, headers: request.headers }, answers);
    else get(objects.get(key), answers);
  });
  const fake: FakeS3 = {
    objects,
    requests,
    intercept: () => false,
    loseNextAnswer: () => {
      losesAnswer = true;
    },
    client: {
      endpoint: server.url,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    },
    [Symbol.asyncDispose]: server.close,
  };
  return fake;
}

/** Answers as S3 does when it refuses. */
export function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>refused</Message></Error>`);
}

function get(object: S3Object | undefined, response: ServerResponse): void {
  if (object === undefined) {
    refuse(response, 404, 'NoSuchKey');
  } else {
    response.writeHead(200, { etag: eTagOf(object), 'content-length': object.bytes.length });
    response.end(object.bytes);
  }
}

function put(objects: Map<string, S3Object>, key: string, object: S3Object, response: ServerResponse): void {
  const [status, code] = refusalOf(object, objects.get(key)) ?? [];
  if (status !== undefined && code !== undefined) {
    refuse(response, status, code);
  } else {
    objects.set(key, object);
    response.writeHead(200, { etag: eTagOf(object) }).end();
  }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function refusalOf({ bytes, headers }: S3Object, present: S3Object | undefined): [number, string] | undefined {
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if (ifNoneMatch === '*' && present) return [412, 'PreconditionFailed'];
  if (ifMatch !== undefined && present === undefined) return [404, 'NoSuchKey'];
  if (ifMatch !== undefined && present && ifMatch !== eTagOf(present)) return [412, 'PreconditionFailed'];
  return headers['x-amz-checksum-sha256'] === hash('sha256', bytes, 'base64') ? undefined : [400, 'BadDigest'];
}

function eTagOf({ bytes }: S3Object): string {
  return `"${hash('md5', bytes)}"`;
}

/** Takes an answer, and cuts the connection instead. */
function lost({ socket }: IncomingMessage, response: ServerResponse): ServerResponse {
  response.writeHead = () => response;
  response.end = () => {
    socket.destroy();
    return response;
  };
  return response;
}
