import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';

/** Where requests go: a path in front of them, and the name that they are sent to. */
export interface Destination {
  /** Of the emulator's data plane: a host of the load balancer's rules, or a distribution's name. */
  readonly host: string;
  readonly prefix: string;
}

/** A load balancer's. Node's own five seconds end a connection just when a client that waited for others uses it again. */
const idleMs = 60_000;

export interface FrontOptions {
  readonly address: string;
  /** @default 443 */
  readonly port?: number;
  /** Files. */
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly emulator: string;
  /** PEM. */
  readonly ca: string;
  readonly route: (host: string, incoming: IncomingMessage) => Destination;
}

/**
 * What answers under the names of the instance, as CloudFront's edge does: it passes requests on to the deployed
 * distribution or to the deployed rules of the load balancer, and decides nothing by itself.
 */
export class Front implements AsyncDisposable {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #options: FrontOptions;

  private constructor(server: Server, options: FrontOptions) {
    this.#server = server;
    this.#options = options;
    server.on('request', (incoming, answer) => this.#pass(incoming, answer));
  }

  static async begin(options: FrontOptions): Promise<Front> {
    const [cert, key] = await Promise.all([readFile(options.tls.certificate), readFile(options.tls.key)]);
    const server = createServer({ cert, key, minVersion: 'TLSv1.2', keepAliveTimeout: idleMs });
    server.listen(options.port ?? 443, options.address);
    await once(server, 'listening');
    return new Front(server, options);
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const { emulator, ca, route } = this.#options;
    const { host, prefix } = route(incoming.headers.host ?? '', incoming);
    const passed = request(
      {
        ...{ agent: this.#agent, host: emulator, port: 4566, ca, servername: '' },
        ...{ method: incoming.method, path: `${prefix}${incoming.url ?? '/'}` },
        headers: { ...incoming.headers, host },
      },
      (response) => {
        // The emulator says 403 of a missing object, whatever the policy of the bucket says about listing it.
        const status = response.statusCode === 403 && prefix === '' ? 404 : (response.statusCode ?? 502);
        answer.writeHead(status, response.headers);
        response.pipe(answer);
      },
    );
    passed.once('error', (error) => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end(`front: ${error.message}`);
    });
    incoming.pipe(passed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
