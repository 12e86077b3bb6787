import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { EmulatedAws } from './emulated-aws.ts';

/** Reads a file as everybody does who knows a host of the instance; `undefined` for one that is not there. */
export async function readThroughEdge(aws: EmulatedAws, host: string, path: string): Promise<Uint8Array | undefined> {
  const asked = request({ host: aws.network.address, servername: host, headers: { host }, path, ca: aws.ca.pem });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await buffer(answer);
  if (answer.statusCode === 200) return new Uint8Array(body);
  if (answer.statusCode === 404) return undefined;
  throw new Error(`https://${host}${path}: status ${answer.statusCode}: ${body.toString().slice(0, 200)}`);
}
