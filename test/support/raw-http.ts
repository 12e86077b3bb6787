import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything that came, before it was taken apart. */
  readonly text: string;
}

export interface RawRequest {
  /** @default 'GET' */
  readonly method?: string;
  /** Sent as it stands: nothing is normalised. */
  readonly target: string;
  /** Lines besides `Host` and `Connection: close`. */
  readonly headers?: readonly string[];
  /** @default `127.0.0.1:PORT` */
  readonly host?: string;
  readonly body?: string | Buffer;
}

/** Sends one request over a connection of its own and reads until the server closes it. */
export async function ask(port: number, request: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', target, headers = [], host = `127.0.0.1:${port}`, body = '' } = request;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', ''];
  return parseAnswer(await sendBytes(port, Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(body)])));
}

/** Posts a body whose length it announces. */
export async function post(port: number, target: string, body: string | Buffer, contentType: string) {
  const headers = [`Content-Type: ${contentType}`, `Content-Length: ${Buffer.byteLength(body)}`];
  return await ask(port, { method: 'POST', target, headers, body });
}

/** Sends bytes, of which nothing is checked, and returns what comes back until the connection closes. */
export async function sendBytes(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return await readToEnd(socket);
}

export async function readToEnd(socket: Socket, timeoutMs = 5_000): Promise<string> {
  const chunks: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    const done = () => resolve(Buffer.concat(chunks).toString('latin1'));
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`silent for ${timeoutMs} ms after: ${chunks.join('')}`)),
    );
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.on('close', done);
    // A reset after the answer is how a server stops a client that goes on sending.
    socket.on('error', (error) => (chunks.length > 0 ? done() : reject(error)));
  });
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(statusLine.split(' ')[1]), headers: new Map(headers), body: text.slice(end + 4), text };
}
