import { Agent, request } from 'node:http';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: Uint8Array;
  /** The status without which the call has failed. */
  readonly status: number;
}

/** Speaks HTTP to one server over kept connections, with as little work of its own as `node:http` allows. */
export class LoadClient {
  readonly #url: URL;
  readonly #agent: Agent;

  constructor(baseUrl: string, connections: number) {
    this.#url = new URL(baseUrl);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  }

  /** Sends a call and returns the body of its answer. Rejects if there is none, or if its status is another. */
  async send(call: Call): Promise<Buffer> {
    const body = call.body ?? new Uint8Array();
    const headers = ['Host', this.#url.host, 'Accept', '*/*', 'Content-Length', String(body.length)];
    if (call.contentType !== undefined) headers.push('Content-Type', call.contentType);
    const { hostname: host, port } = this.#url;
    return await new Promise((resolve, reject) => {
      const outgoing = request({ host, port, method: call.method, path: call.path, agent: this.#agent, headers });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const answer = Buffer.concat(chunks);
          if (incoming.statusCode === call.status) resolve(answer);
          else reject(new Error(`${call.path}: ${incoming.statusCode} ${answer.toString().slice(0, 120).trim()}`));
        });
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The three services, as one client of them sees them. */
export interface ServiceClients {
  readonly fulcio: LoadClient;
  readonly rekor: LoadClient;
  readonly timestamp: LoadClient;
}
