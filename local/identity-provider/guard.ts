import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { contentSecurityPolicy } from './pages.ts';

const maxBodyBytes = 16_384;

const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Stands before every request to the provider: sets what browsers must heed, and refuses what no honest client sends.
 *
 * A request under another host name is DNS rebinding: a page somewhere whose name now points at this machine, acting
 * with its visitor's browser at a provider that asks for no password.
 */
export function guarded(issuer: URL, listener: RequestListener): RequestListener {
  return (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const refusal = refusalOf(request, issuer);
    if (refusal) return refuse(response, refusal);
    return listener(request, response);
  };
}

function refusalOf(request: IncomingMessage, issuer: URL): number | undefined {
  if (request.headers.host !== issuer.host) return 421;
  if (request.method !== 'POST') return startsUnseen(request) ? 403 : undefined;
  // Node holds a body to the length it announced, so that the announcement is the limit.
  const length = request.headers['content-length'];
  if (length === undefined) return 411;
  return Number(length) > maxBodyBytes ? 413 : undefined;
}

/**
 * A login begins where a person sees it. An image or a frame of some web page would begin one after another, and the
 * store forgets the oldest: those of the people who are logging in.
 */
function startsUnseen({ url = '', headers: { 'sec-fetch-dest': destination } }: IncomingMessage): boolean {
  return /^\/auth(?:$|\?)/.test(url) && destination !== undefined && destination !== 'document';
}

const reasons: Readonly<Record<number, string>> = {
  403: 'open this address in a window of its own',
  411: 'a content-length is required',
  413: `a body has at most ${maxBodyBytes} bytes`,
  421: 'this server has another name',
};

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${reasons[status]}\n`);
}
