import type { IncomingMessage } from 'node:http';

/** Memory that the bodies of all requests of a listener share, from their first byte until the request is over. */
export class BodyBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes memory; false, and nothing taken, if there is not enough. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** Why a body is not read to its end. */
type BodyFailure = 'too large' | 'no memory';

/** True if the head of a request already says that its body is longer than `maxBytes`, or hides how long it is from a route without one. */
export function announcesTooMuch(req: IncomingMessage, maxBytes: number): boolean {
  if (maxBytes === 0 && req.headers['transfer-encoding'] !== undefined) return true;
  return Number(req.headers['content-length'] ?? 0) > maxBytes;
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** Asked before memory is taken. */
  readonly hold: (bytes: number) => boolean;
}

/**
 * Reads a body and hands it over, or says as soon as it cannot. Calls nothing if the client goes away first.
 * A callback, not a promise: this is on the path of every request.
 */
export function readBody(req: IncomingMessage, limits: BodyLimits, done: (body: Buffer | BodyFailure) => void): void {
  const body = new GrowingBody(limits);
  const giveUp = (failure: BodyFailure) => {
    req.off('data', onData);
    req.off('end', onEnd);
    done(failure);
  };
  const onData = (piece: Buffer) => {
    if (body.length + piece.length > limits.maxBytes) giveUp('too large');
    else if (!body.add(piece)) giveUp('no memory');
  };
  const onEnd = () => done(body.bytes);
  req.on('data', onData);
  req.on('end', onEnd);
}

/**
 * Bytes that come in pieces. The usual single piece is kept as it came; more are copied into one buffer, for a client
 * may send each byte as a piece of its own, and a piece costs a hundred bytes.
 */
class GrowingBody {
  length = 0;
  readonly #maxBytes: number;
  readonly #hold: (bytes: number) => boolean;
  #buffer: Buffer = Buffer.alloc(0);

  constructor({ maxBytes, hold }: BodyLimits) {
    this.#maxBytes = maxBytes;
    this.#hold = hold;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** False if there is no memory for it. */
  add(piece: Buffer): boolean {
    const length = this.length + piece.length;
    if (length > this.#buffer.length) {
      const size = this.length === 0 ? piece.length : Math.min(length * 2, this.#maxBytes);
      if (!this.#hold(size - this.#buffer.length)) return false;
      this.#buffer = this.length === 0 ? piece : Buffer.concat([this.bytes], size);
    }
    if (this.length > 0) piece.copy(this.#buffer, this.length);
    this.length = length;
    return true;
  }
}
