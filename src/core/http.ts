import { describeCause, ToolkitError } from './error.ts';

export type Fetch = typeof globalThis.fetch;

export interface RequestOptions {
  readonly maxBytes: number;
  /** @default 10 000 */
  readonly timeoutMs?: number;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * Sends one request and reads an answer of at most `maxBytes` bytes. Redirects are not followed: no server of an
 * instance sends one, and following would let a server choose whom we talk to.
 * @throws CORE_HTTP_UNREACHABLE if there is no answer in time
 * @throws CORE_TOO_LARGE
 */
export async function request(url: string, options: RequestOptions): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000);
  try {
    const response = await (options.fetch ?? fetch)(url, {
      method: options.method ?? 'GET',
      redirect: 'manual',
      signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
      ...(options.headers && { headers: options.headers }),
      ...(options.body !== undefined && { body: options.body }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: await readBody(response, url, options.maxBytes),
    };
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    options.signal?.throwIfAborted();
    throw new ToolkitError('CORE_HTTP_UNREACHABLE', {
      message: `${url}: no answer (${describeCause(cause)})`,
      fault: 'environment',
      data: { url },
      hint: 'check the URL, that its server is up, and that this machine can reach it',
      cause,
    });
  }
}

/**
 * Like `request`, and returns the body of a 200 only.
 * @throws CORE_HTTP_STATUS for any other status
 */
export async function requestBody(url: string, options: RequestOptions): Promise<Uint8Array> {
  const answer = await request(url, options);
  if (answer.status !== 200) {
    const start = new TextDecoder().decode(answer.body.slice(0, 200)).trim();
    throw new ToolkitError('CORE_HTTP_STATUS', {
      message: `${url}: expected status 200, got ${answer.status}${start ? ` (${start})` : ''}`,
      fault: 'environment',
      data: { url, status: answer.status },
      hint: 'check the URL; if it is right, the log of its server says more',
    });
  }
  return answer.body;
}

async function readBody(response: Response, url: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new ToolkitError('CORE_TOO_LARGE', {
        message: `${url}: expected at most ${maxBytes} bytes`,
        fault: 'input',
        data: { url, maxBytes },
        hint: 'nothing that belongs there is as large: check that it is the URL that was meant',
      });
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
