import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isErrno } from '../../src/core/error.ts';
import type { Upstream } from './listener.ts';

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn; host and length are added. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface UpstreamAnswer {
  readonly status: number;
  /** Names and values in turn, as the server spelled them. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Why there is no answer: nobody listens, it took too long, or it broke off or exceeded its cap. */
export type UpstreamFailure = 'unreachable' | 'timeout' | 'broken';

export interface UpstreamHandlers {
  /** One of the two is called, once, unless the exchange was destroyed first. */
  answer(answer: UpstreamAnswer): void;
  fail(failure: UpstreamFailure, cause: Error | undefined): void;
}

/** Idle connections are closed before any server does it (Rekor: 20 s), so that no request meets a closing one. */
const idleMs = 10_000;
const maxConnections = 1_024;

/**
 * Sends whole requests to one server over kept connections and reads whole answers.
 *
 * Nothing is ever sent twice: a Rekor that got the first copy would answer the second 409, and no bundle could be made.
 */
export class UpstreamClient {
  readonly #upstream: Upstream;
  readonly #host: string;
  readonly #agent: Agent;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
    this.#host = `${upstream.host}:${upstream.port}`;
    this.#agent = new Agent({
      keepAlive: true,
      // The last one used is the least likely to be closed meanwhile, and spare ones age out.
      scheduling: 'lifo',
      maxSockets: maxConnections,
      maxFreeSockets: maxConnections,
      timeout: idleMs,
    });
  }

  /** Sends a request. Destroying the exchange gives it up: `handlers` are not called any more. */
  send(message: UpstreamRequest, handlers: UpstreamHandlers): Exchange {
    const outgoing = request({
      host: this.#upstream.host,
      port: this.#upstream.port,
      method: message.method,
      path: message.path,
      agent: this.#agent,
      headers: ['Host', this.#host, 'Content-Length', String(message.body.length), ...message.headers],
    });
    const exchange = new Exchange(outgoing, message, handlers);
    outgoing.end(message.body);
    return exchange;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** One request under way. Settles once: by an answer, by a failure, or by `destroy`. */
export class Exchange {
  readonly #outgoing: ClientRequest;
  readonly #handlers: UpstreamHandlers;
  readonly #timer: NodeJS.Timeout;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #answered = false;
  #settled = false;

  constructor(outgoing: ClientRequest, message: UpstreamRequest, handlers: UpstreamHandlers) {
    this.#outgoing = outgoing;
    this.#handlers = handlers;
    this.#maxBytes = message.maxAnswerBytes;
    this.#timer = setTimeout(() => this.#fail('timeout', undefined), message.timeoutMs);
    outgoing.on('response', (incoming) => this.#receive(incoming));
    outgoing.on('error', (error) => this.#fail(this.#failureOf(error), error));
  }

  destroy(): void {
    if (!this.#settle()) return;
    this.#outgoing.destroy();
  }

  #receive(incoming: IncomingMessage): void {
    this.#answered = true;
    incoming.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length > this.#maxBytes) this.#fail('broken', new Error(`more than ${this.#maxBytes} bytes`));
    });
    incoming.on('end', () => this.#succeed(incoming));
    incoming.on('error', (error) => this.#fail('broken', error));
  }

  #succeed(incoming: IncomingMessage): void {
    if (!this.#settle()) return;
    const [only] = this.#chunks;
    this.#handlers.answer({
      status: incoming.statusCode ?? 502,
      rawHeaders: incoming.rawHeaders,
      body: this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks, this.#length),
    });
  }

  #fail(failure: UpstreamFailure, cause: Error | undefined): void {
    if (!this.#settle()) return;
    this.#outgoing.destroy();
    this.#handlers.fail(failure, cause);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    return true;
  }

  #failureOf(error: Error): UpstreamFailure {
    const refused = isErrno(error, 'ECONNREFUSED') || isErrno(error, 'EADDRNOTAVAIL') || isErrno(error, 'ENETUNREACH');
    return refused && !this.#answered ? 'unreachable' : 'broken';
  }
}
