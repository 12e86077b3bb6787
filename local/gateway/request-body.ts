import type { IncomingMessage } from 'node:http';

const empty = Buffer.alloc(0);

/** What a piece of a body costs besides its bytes: a body in chunks of one byte would hold a hundred times its length. */
const pieceBytes = 256;

/** Memory that the bodies of all requests of a gateway share, from the first piece until the request is over. */
export class BodyBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes memory for a piece, and returns how much; 0 if there is not enough. */
  take(piece: Buffer): number {
    const cost = piece.length + pieceBytes;
    if (cost > this.#left) return 0;
    this.#left -= cost;
    return cost;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** Why a body is not read to its end. */
export type BodyFailure = 'too large' | 'no memory';

/** True if the head of a request already says that its body is longer than `maxBytes`, or hides how long it is from a route without one. */
export function announcesTooMuch(req: IncomingMessage, maxBytes: number): boolean {
  if (maxBytes === 0 && req.headers['transfer-encoding'] !== undefined) return true;
  return Number(req.headers['content-length'] ?? 0) > maxBytes;
}

/**
 * Reads a body of at most `maxBytes` bytes and hands it over, or says as soon as it cannot. `hold` is asked for each
 * piece. Calls nothing if the client goes away first. A callback, not a promise: this is on the path of every request.
 */
export function readBody(
  req: IncomingMessage,
  { maxBytes, hold }: { readonly maxBytes: number; readonly hold: (piece: Buffer) => boolean },
  done: (body: Buffer | BodyFailure) => void,
): void {
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  const giveUp = (failure: BodyFailure) => {
    req.off('data', onData);
    req.off('end', onEnd);
    done(failure);
  };
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) giveUp('too large');
    else if (!hold(chunk)) giveUp('no memory');
    else if (first === undefined) first = chunk;
    else if (rest === undefined) rest = [first, chunk];
    else rest.push(chunk);
  };
  const onEnd = () => done(rest === undefined ? (first ?? empty) : Buffer.concat(rest, length));
  req.on('data', onData);
  req.on('end', onEnd);
}
