import type { ReadRoute } from '../../src/services/edge.ts';
import { fileNameSource, readsSource } from './edge-code.ts';

/** Inline code of a Lambda function has at most this many bytes in a template. */
export const maxInlineCodeBytes = 4_096;

/** A load balancer takes at most 1 MB of JSON from a function; base64 makes 4 bytes of 3. */
export const maxReadBytes = 750_000;

/**
 * Returns the code of the Lambda function that serves one read path behind a load balancer, under the same allow-list
 * as the public edge. `BUCKET` is its environment; the SDK is the one of the Node.js runtime.
 *
 * Files above `maxReadBytes` are compressed for clients that accept it. What is still too large is answered 507, never
 * cut: a bundle that ends early would look like a log that lies.
 */
export function readFunctionCode(reads: readonly ReadRoute[]): string {
  return `const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3');
const { gzipSync } = require('node:zlib');
${readsSource(reads)}
${fileNameSource}
const s3 = new S3Client({ followRegionRedirects: false });

function answer(statusCode, headers, body) {
  return { statusCode, headers: { 'cache-control': 'no-store', ...headers }, body, isBase64Encoded: body !== undefined };
}

exports.handler = async (event) => {
  const name = Object.keys(event.queryStringParameters || {}).length > 0 ? undefined : fileName(event.path);
  if (name === undefined) return answer(404, {});
  if (event.httpMethod !== 'GET' && event.httpMethod !== 'HEAD') return answer(405, { allow: 'GET, HEAD' });
  let object;
  try {
    object = await s3.send(new GetObjectCommand({ Bucket: process.env.BUCKET, Key: name }));
  } catch (error) {
    if (error.name === 'NoSuchKey') return answer(404, {});
    console.error(JSON.stringify({ name, error: error.name }));
    return answer(502, {});
  }
  const headers = {
    'content-type': object.ContentType || 'application/octet-stream',
    'cache-control': object.CacheControl || 'no-store',
    'x-content-type-options': 'nosniff',
    ...(object.ContentEncoding && { 'content-encoding': object.ContentEncoding }),
  };
  let bytes = Buffer.from(await object.Body.transformToByteArray());
  if (bytes.length > ${maxReadBytes} && !object.ContentEncoding && /\\bgzip\\b/.test(event.headers['accept-encoding'] || '')) {
    bytes = gzipSync(bytes);
    headers['content-encoding'] = 'gzip';
  }
  if (bytes.length > ${maxReadBytes}) {
    console.error(JSON.stringify({ name, error: 'TooLarge', bytes: bytes.length }));
    return answer(507, {});
  }
  return answer(200, headers, event.httpMethod === 'HEAD' ? '' : bytes.toString('base64'));
};
`;
}
