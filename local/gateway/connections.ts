import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The open connections of a listener, and which of them are being answered. */
export class Connections {
  /** Each with the number of its requests that are being answered: a client need not wait between them. */
  readonly #open = new Map<Socket, number>();
  #active = 0;
  #closing = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, 0);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Requests that are being answered. */
  get active(): number {
    return this.#active;
  }

  /** Counts a request in, and returns how many of its connection are being answered now. */
  begin(socket: Socket): number {
    this.#active += 1;
    const onSocket = (this.#open.get(socket) ?? 0) + 1;
    if (this.#open.has(socket)) this.#open.set(socket, onSocket);
    return onSocket;
  }

  end(socket: Socket): void {
    this.#active -= 1;
    const onSocket = this.#open.get(socket);
    // A connection that is closed already is forgotten.
    if (onSocket !== undefined) this.#open.set(socket, onSocket - 1);
    if (this.#closing) this.#endIdle();
  }

  /** Ends every connection as soon as its last answer is out. */
  close(): void {
    this.#closing = true;
    this.#endIdle();
  }

  /** Node's own `closeIdleConnections` leaves those that never brought a request, and would wait for them. */
  #endIdle(): void {
    for (const [socket, active] of this.#open) if (active === 0) socket.end();
  }
}
