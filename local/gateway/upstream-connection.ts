import { connect, type Socket } from 'node:net';
import { AnswerParser, type ParsedAnswer } from './answer-parser.ts';
import type { Upstream } from './listener.ts';

/** What a connection tells whoever sent a request over it. One of the two is called, once. */
export interface ConnectionUser {
  answered(answer: ParsedAnswer): void;
  broken(cause: Error): void;
}

/** Filled by one read after the other of all connections: each is taken out before the next one happens. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** One connection to a server, which carries one request at a time. */
export class UpstreamConnection {
  readonly #socket: Socket;
  #user: ConnectionUser | undefined;
  #parser: AnswerParser | undefined;
  #cause: Error | undefined;
  #connected = false;

  /** `closed` is called once it can carry no more requests. */
  constructor(upstream: Upstream, closed: () => void) {
    this.#socket = connect({
      host: upstream.host,
      port: upstream.port,
      noDelay: true,
      // Past the streams: at thousands of requests a second they cost more than the rest of this class.
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    });
    this.#socket.on('connect', () => {
      this.#connected = true;
    });
    this.#socket.on('end', () => this.#finish((parser) => parser.end()));
    this.#socket.on('error', (error) => {
      this.#cause = error;
    });
    this.#socket.on('close', () => {
      closed();
      this.#fail(this.#cause ?? new Error('the server closed the connection'));
    });
  }

  /** False as long as nobody was there: then no byte has left. */
  get wasConnected(): boolean {
    return this.#connected;
  }

  send(bytes: Buffer, maxBodyBytes: number, user: ConnectionUser): void {
    this.#user = user;
    this.#parser = new AnswerParser(maxBodyBytes);
    this.#socket.write(bytes);
  }

  /** Cuts it, and tells nobody. */
  destroy(): void {
    this.#user = undefined;
    this.#socket.destroy();
  }

  /** Cuts it, and tells whoever sent a request over it. */
  abort(): void {
    this.#socket.destroy(new Error('the gateway is closing'));
  }

  #read(length: number): boolean {
    // Bytes that nobody asked for would be taken for the answer to the next request.
    if (this.#parser === undefined) this.#socket.destroy();
    else this.#finish((parser) => parser.push(readBuffer.subarray(0, length)));
    return true;
  }

  #finish(step: (parser: AnswerParser) => ParsedAnswer | undefined): void {
    if (this.#parser === undefined) return;
    let answer: ParsedAnswer | undefined;
    try {
      answer = step(this.#parser);
    } catch (error) {
      this.#socket.destroy();
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    if (answer) this.#succeed(answer);
  }

  #succeed(answer: ParsedAnswer): void {
    const user = this.#user;
    this.#user = undefined;
    this.#parser = undefined;
    if (!answer.keepAlive) this.#socket.destroy();
    user?.answered(answer);
  }

  #fail(cause: Error): void {
    const user = this.#user;
    this.#user = undefined;
    this.#parser = undefined;
    user?.broken(cause);
  }
}
