import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Gateway, type GatewayOptions, startGateway } from '../../../local/gateway/gateway.ts';
import type { EdgeListener, GatewayListener, HandlerListener } from '../../../local/gateway/listener.ts';
import { type ForwardRoute, loopbackEdgeLimits, type RateLimit, type ServiceEdge } from '../../../src/services/edge.ts';

export interface Received {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A real server that remembers what reached it. */
export class Upstream {
  readonly received: Received[] = [];
  /** Answers after the body has arrived. */
  handler: RequestListener = (_, res) => res.end('{}');
  readonly #server: Server;

  constructor() {
    this.#server = createServer((req, res) => {
      void readAll(req).then((body) => {
        const { method = '', url = '', rawHeaders } = req;
        this.received.push({ method, target: url, rawHeaders, body });
        this.handler(req, res);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function readAll(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

export const plenty: RateLimit = loopbackEdgeLimits.writes;

export const postRoute: ForwardRoute = {
  kind: 'forward',
  name: 'submit',
  method: 'POST',
  path: '/submit',
  maxBodyBytes: 100,
  contentTypes: ['application/json'],
  requestHeaders: ['content-type', 'accept'],
  answerHeaders: ['x-log-index'],
  maxAnswerBytes: 1_000,
  timeoutMs: 5_000,
  cacheControl: 'no-store',
  limit: plenty,
};

export const getRoute: ForwardRoute = {
  ...postRoute,
  name: 'fetch',
  method: 'GET',
  path: '/fetch',
  maxBodyBytes: 0,
  contentTypes: [],
  cacheControl: 'no-cache',
};

export function edgeWith(...routes: ServiceEdge['routes']): ServiceEdge {
  return { service: 'fulcio', routes };
}

type Unnamed = Omit<EdgeListener, 'name' | 'port'> | Omit<HandlerListener, 'name' | 'port'>;

/** What a test starts is closed after it, whatever happens. */
export class Stage {
  readonly log: string[] = [];
  readonly #closing: (() => Promise<void>)[] = [];

  async upstream(port?: number): Promise<Upstream> {
    const upstream = await new Upstream().listen(port);
    this.#closing.push(() => upstream.close());
    return upstream;
  }

  async gateway(listeners: readonly GatewayListener[], limits: GatewayOptions['limits'] = {}): Promise<Gateway> {
    const gateway = await startGateway({ listeners, limits, log: (message) => this.log.push(message) });
    this.#closing.push(() => gateway.close(0));
    return gateway;
  }

  /** A gateway with one listener, and its port. */
  async edge(listener: Unnamed, limits: GatewayOptions['limits'] = {}) {
    const gateway = await this.gateway([{ name: 'test', port: 0, ...listener }], limits);
    return { gateway, port: gateway.ports.get('test') ?? 0 };
  }

  /** The usual: both routes, before one upstream. */
  async forwarding(routes: readonly Partial<ForwardRoute>[] = [{}], limits: GatewayOptions['limits'] = {}) {
    const upstream = await this.upstream();
    const edge = edgeWith(...routes.map((route) => ({ ...postRoute, ...route })), getRoute);
    const started = await this.edge({ edge, upstream: { host: '127.0.0.1', port: upstream.port } }, limits);
    return { upstream, ...started };
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }
}
