import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What a client that was refused may still send before its connection is cut: enough for it to read the answer. */
const lingerBytes = 1_048_576;
const lingerMs = 2_000;

export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

/** Returns the refusal of a request that may come again. */
export function tryLater(status: number, message: string, waitMs: number): Refusal {
  return { status, message, headers: ['Retry-After', String(Math.ceil(waitMs / 1_000))] };
}

/** Answers with a status and a sentence, in the JSON shape that the servers use. Never cached. */
export function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  if (!req.complete) linger(req, res);
  const body = Buffer.from(`${JSON.stringify({ code: refusal.status, message: refusal.message })}\n`);
  res.writeHead(refusal.status, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    ...(refusal.headers ?? []),
  ]);
  res.end(req.method === 'HEAD' ? undefined : body);
}

/** How to end the one that goes on at a connection. */
const lingering = new WeakMap<Socket, () => void>();

/** Reads on for a moment: closing on unread bytes resets the connection, and the client would not see the answer. */
function linger(req: IncomingMessage, res: ServerResponse): void {
  const { socket } = req;
  // The request before this one is whole: they come one after the other.
  lingering.get(socket)?.();
  let timer: NodeJS.Timeout | undefined;
  // Not before: the answers to earlier requests of the connection may still be on their way.
  const flushed = () => {
    timer = setTimeout(() => socket.destroy(), lingerMs);
  };
  res.once('finish', flushed);
  // Node forgets the request once it is answered, so its own `close` may never come.
  const stop = () => {
    clearTimeout(timer);
    res.off('finish', flushed);
    socket.off('close', stop);
    lingering.delete(socket);
  };
  lingering.set(socket, stop);
  let left = lingerBytes;
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  req.once('end', () => {
    if (lingering.get(socket) === stop) stop();
  });
  socket.once('close', stop);
}
