import type { IncomingMessage } from 'node:http';

const empty = Buffer.alloc(0);

/** True if the head of a request already says that its body is longer than `maxBytes`, or hides how long it is from a route without one. */
export function announcesTooMuch(req: IncomingMessage, maxBytes: number): boolean {
  if (maxBytes === 0 && req.headers['transfer-encoding'] !== undefined) return true;
  return Number(req.headers['content-length'] ?? 0) > maxBytes;
}

/**
 * Reads a body of at most `maxBytes` bytes and hands it over, or `undefined` as soon as there is more.
 * Calls nothing if the client goes away first. A callback, not a promise: this is on the path of every request.
 */
export function readBody(req: IncomingMessage, maxBytes: number, done: (body: Buffer | undefined) => void): void {
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) {
      req.off('data', onData);
      req.off('end', onEnd);
      done(undefined);
    } else if (first === undefined) first = chunk;
    else if (rest === undefined) rest = [first, chunk];
    else rest.push(chunk);
  };
  const onEnd = () => done(rest === undefined ? (first ?? empty) : Buffer.concat(rest, length));
  req.on('data', onData);
  req.on('end', onEnd);
}
