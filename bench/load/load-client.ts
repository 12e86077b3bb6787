import * as http from 'node:http';
import * as https from 'node:https';

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
  readonly #address: string;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  /** `address` is where the host of the URL is, if no name server knows it. */
  constructor(baseUrl: string, connections: number, address?: string) {
    this.#url = new URL(baseUrl);
    this.#address = address ?? this.#url.hostname;
    const { Agent, request } = this.#url.protocol === 'https:' ? https : http;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
    this.#request = request;
  }

  /** Sends a call and returns the body of its answer. Rejects if there is none, or if its status is another. */
  async send(call: Call): Promise<Buffer> {
    const body = call.body ?? new Uint8Array();
    const headers = ['Host', this.#url.host, 'Accept', '*/*', 'Content-Length', String(body.length)];
    if (call.contentType !== undefined) headers.push('Content-Type', call.contentType);
    const { hostname: servername, port } = this.#url;
    const to = { host: this.#address, port, servername, agent: this.#agent };
    return await new Promise((resolve, reject) => {
      const outgoing = this.#request({ ...to, method: call.method, path: call.path, headers });
      outgoing.on('error', (error) => reject(Object.assign(error, { message: `${call.path}: ${error.message}` })));
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
