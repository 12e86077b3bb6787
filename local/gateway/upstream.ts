import type { ParsedAnswer } from './answer-parser.ts';
import type { Upstream } from './listener.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, without line breaks (a parser has read them); host and length are added. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

/** Why there is no answer: nobody listens, it took too long, or it broke off, was none, or exceeded its cap. */
export type UpstreamFailure = 'unreachable' | 'timeout' | 'broken';

export interface UpstreamHandlers {
  /** One of the two is called, once, unless the exchange was given up first. */
  answer(answer: ParsedAnswer): void;
  fail(failure: UpstreamFailure, cause: Error | undefined): void;
}

/** Kept connections are closed well before any server does it (Rekor: 20 s), so that no request meets a closing one. */
const defaultSpareMs = 5_000;

interface IdleConnection {
  readonly connection: UpstreamConnection;
  readonly sinceMs: number;
}

/**
 * Sends whole requests to one server over kept connections and reads whole answers.
 *
 * Nothing is ever sent twice: a Rekor that got the first copy would answer the second 409, and no bundle could be made.
 * `node:http` as the client costs more processor time than the rest of the gateway together: with it, timestamps through
 * the gateway fall below the rate that bench/signing.ts asks for.
 */
export class UpstreamClient {
  readonly #upstream: Upstream;
  readonly #spareMs: number;
  readonly #open = new Set<UpstreamConnection>();
  /** The one used last is taken first, so that spare ones age and are closed. */
  readonly #idle: IdleConnection[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(upstream: Upstream, spareMs = defaultSpareMs) {
    this.#upstream = upstream;
    this.#spareMs = spareMs;
  }

  /** Sends a request. Returns a function that gives it up, which does nothing once it is settled. */
  send(request: UpstreamRequest, handlers: UpstreamHandlers): () => void {
    const connection = this.#idle.pop()?.connection ?? this.#connect();
    let settled = false;
    const settle = () => {
      settled = true;
      clearTimeout(timer);
    };
    const timer = setTimeout(() => {
      settle();
      connection.destroy();
      handlers.fail('timeout', undefined);
    }, request.timeoutMs);
    connection.send(this.#bytesOf(request), request.maxAnswerBytes, {
      answered: (answer) => {
        settle();
        if (answer.keepAlive) this.#keep(connection);
        handlers.answer(answer);
      },
      broken: (cause) => {
        settle();
        handlers.fail(connection.wasConnected ? 'broken' : 'unreachable', cause);
      },
    });
    return () => {
      // Settled, the connection may be carrying somebody else's request by now.
      if (settled) return;
      settle();
      connection.destroy();
    };
  }

  /** Cuts every connection; a request that is under way fails. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const connection of this.#open) connection.abort();
  }

  #connect(): UpstreamConnection {
    const connection = new UpstreamConnection(this.#upstream, () => this.#forget(connection));
    this.#open.add(connection);
    return connection;
  }

  #keep(connection: UpstreamConnection): void {
    // An answer that came in while its connection was being cut must start no timer that nobody stops.
    if (this.#closed) return;
    this.#idle.push({ connection, sinceMs: performance.now() });
    this.#sweep ??= setInterval(() => this.#closeSpare(), this.#spareMs / 2);
  }

  #forget(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #closeSpare(): void {
    const oldestMs = performance.now() - this.#spareMs;
    while (this.#idle[0] !== undefined && this.#idle[0].sinceMs < oldestMs) this.#idle.shift()?.connection.destroy();
    if (this.#idle.length > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #bytesOf({ method, path, headers, body }: UpstreamRequest): Buffer {
    const { host, port } = this.#upstream;
    let head = `${method} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n`;
    if (method !== 'GET') head += `Content-Length: ${body.length}\r\n`;
    for (let index = 0; index + 1 < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
    head += '\r\n';
    // Head and body in one write, so that they travel in one segment.
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 'latin1');
    body.copy(bytes, head.length);
    return bytes;
  }
}
