import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeCause, isErrno, ToolkitError } from '../../src/core/error.ts';
import { portInUse } from '../ports.ts';
import { refusalOf } from './admission.ts';
import { Connections } from './connections.ts';
import { RouteCounter, type RouteStats } from './counters.ts';
import { handlerRoutes } from './handler-route.ts';
import { Handling } from './handling.ts';
import type { GatewayListener } from './listener.ts';
import { BodyBudget } from './request-body.ts';
import { Router, type Routes } from './router.ts';

/** What one listener grants to connections, whatever they ask for. */
export interface ConnectionLimits {
  /** A client that has not sent its headers by then is cut off. */
  readonly headersMs: number;
  /** The same for the whole request. */
  readonly requestMs: number;
  /** How often the two are looked at. */
  readonly checkMs: number;
  /** A client that does not read its answer is cut off; longer than any server may take to give it. */
  readonly stalledMs: number;
  /** An idle connection is kept for this long. */
  readonly keepAliveMs: number;
  /** Two ID tokens of the largest size that issuers mint fit. */
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  /** Requests that are being answered. */
  readonly maxInFlight: number;
  /** The same for one connection, which can bring many, one after another without waiting. */
  readonly maxPipelined: number;
  /** Of bodies that wait to be whole, or for an answer. */
  readonly maxHeldBytes: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  checkMs: 5_000,
  stalledMs: 60_000,
  keepAliveMs: 60_000,
  maxHeaderBytes: 32_768,
  maxConnections: 1_024,
  maxInFlight: 1_024,
  maxPipelined: 64,
  maxHeldBytes: 8 << 20,
};

export interface ServerOptions {
  readonly limits: ConnectionLimits;
  readonly log: (message: string) => void;
}

/** One listener of the gateway, on 127.0.0.1 and nowhere else. */
export class ListenerServer {
  readonly #listener: GatewayListener;
  readonly #limits: ConnectionLimits;
  readonly #shared: { readonly bodies: BodyBudget; readonly log: (message: string) => void };
  readonly #server: Server;
  readonly #router: Routes;
  readonly #other: RouteCounter;
  #hosts: ReadonlySet<string> = new Set();
  readonly #connections: Connections;
  #closing = false;

  constructor(listener: GatewayListener, options: ServerOptions) {
    this.#listener = listener;
    this.#limits = options.limits;
    const log = (message: string) => options.log(`${listener.name}: ${message}`);
    this.#shared = { bodies: new BodyBudget(options.limits.maxHeldBytes), log };
    this.#router = 'edge' in listener ? new Router(listener) : handlerRoutes(listener);
    this.#other = new RouteCounter(listener.name, 'other');
    this.#server = createHttpServer(options.limits);
    this.#connections = new Connections(this.#server);
    this.#server.on('error', (error) => log(describeCause(error)));
    this.#server.on('request', (req, res) => this.#dispatch(req, res, false));
    this.#server.on('checkContinue', (req, res) => this.#dispatch(req, res, true));
  }

  get name(): string {
    return this.#listener.name;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @throws LOCAL_PORT_IN_USE */
  async listen(): Promise<void> {
    const { name, port, hosts = [] } = this.#listener;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
      });
    } catch (cause) {
      throw await cannotListen(name, port, cause);
    }
    this.#hosts = new Set(['127.0.0.1', 'localhost', ...hosts].map((host) => `${host.toLowerCase()}:${this.port}`));
  }

  stats(): readonly RouteStats[] {
    return [...this.#router.counters, this.#other].map((counter) => counter.stats());
  }

  /** Takes no new request, lets those under way finish, and cuts off what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    if (this.#server.listening) {
      const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
      this.#connections.close();
      await closed;
      clearTimeout(timer);
    }
    this.#router.close();
  }

  #isOpen(): boolean {
    return !('isOpen' in this.#listener) || this.#listener.isOpen();
  }

  #dispatch(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const match = this.#router.find(req.url ?? '');
    const counter = match?.route.counter ?? this.#other;
    const handling = new Handling({ req, res, expectsContinue }, counter, this.#shared);
    const { socket } = req;
    const pipelined = this.#connections.begin(socket);
    res.once('close', () => {
      this.#connections.end(socket);
      handling.end();
    });
    const refusal = refusalOf({
      req,
      match,
      hosts: this.#hosts,
      closing: this.#closing || !this.#isOpen(),
      crowded: this.#connections.active > this.#limits.maxInFlight || pipelined > this.#limits.maxPipelined,
      nowMs: performance.now(),
    });
    if (refusal) handling.refuse(refusal);
    else match?.route.handler.handle(handling, match.file);
  }
}

function createHttpServer(limits: ConnectionLimits): Server {
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // Two readings of one request are how requests are smuggled: what the strict parser doubts is refused.
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
  });
  server.maxConnections = limits.maxConnections;
  server.timeout = limits.stalledMs;
  return server;
}

async function cannotListen(name: string, port: number, cause: unknown): Promise<ToolkitError> {
  if (isErrno(cause, 'EADDRINUSE')) return await portInUse(name, port);
  return new ToolkitError('LOCAL_GATEWAY_LISTEN', {
    message: `${name}: cannot listen on port ${port}`,
    fault: 'environment',
    data: { name, port },
    hint: 'the cause says why; an instance in a new state directory has other ports: sigstead up --state DIR',
    cause,
  });
}
