import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Replaces what answers; until then everything is 503. */
  handler: RequestListener;
  close(): Promise<void>;
}

/** Starts a real HTTP server on a port of its own, whose handler may need to know that port first. */
export async function startLoopbackServer(handler?: RequestListener): Promise<LoopbackServer> {
  const unavailable: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => running.handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: LoopbackServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handler: handler ?? unavailable,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}
