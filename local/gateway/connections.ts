import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The open connections of a listener, and which of them are being answered. */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #active = new Set<ServerResponse>();
  #closing = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Requests that are being answered. */
  get active(): number {
    return this.#active.size;
  }

  begin(res: ServerResponse): void {
    this.#active.add(res);
  }

  end(res: ServerResponse): void {
    this.#active.delete(res);
    if (this.#closing) this.#endIdle();
  }

  /** Ends every connection as soon as its last answer is out. */
  close(): void {
    this.#closing = true;
    this.#endIdle();
  }

  /** Node's own `closeIdleConnections` leaves those that never brought a request, and would wait for them. */
  #endIdle(): void {
    const busy = new Set([...this.#active].map((res) => res.req.socket));
    for (const socket of this.#open) if (!busy.has(socket)) socket.end();
  }
}
