import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ToolkitError } from '../core/error.ts';

/** The browser's return from the identity provider. */
export interface Redirect {
  /** The full URL, with the provider's answer in its query. */
  readonly url: URL;
  /** Shows the person how it ended; resolves once the page is sent. */
  respond(outcome: 'logged-in' | 'failed'): Promise<void>;
}

export interface RedirectListener {
  readonly redirectUri: string;
  /** The first request that carries the state. Never rejects; stops with `close`. */
  readonly redirect: Promise<Redirect>;
  close(): void;
}

const path = '/auth/callback';

/**
 * Listens on loopback, on a port of its own, for the browser's return from an identity provider.
 *
 * With `fixedPort`, for a provider that knows one redirect URI letter by letter: it says `localhost`, because providers
 * that compare so (Cognito) take http for that name only.
 *
 * Any page in the browser can send requests here. Those without the login's `state` are answered with an error and
 * otherwise ignored, so they can neither inject an answer nor end the login.
 * @throws OIDC_LISTEN
 * @see https://www.rfc-editor.org/rfc/rfc8252 section 7.3
 */
export async function listenForRedirect(
  state: string,
  host = '127.0.0.1',
  fixedPort?: number,
): Promise<RedirectListener> {
  const { promise, resolve } = Promise.withResolvers<Redirect>();
  let taken = false;
  let redirectUri = '';
  const server = createServer((incoming, response) => {
    const url = URL.parse(incoming.url ?? '', redirectUri);
    if (taken || !isRedirect(incoming, url, state)) return void send(response, 'unexpected');
    taken = true;
    resolve({ url, respond: (outcome) => send(response, outcome) });
  });
  const port = await listen(server, host, fixedPort ?? 0);
  redirectUri = `http://${fixedPort === undefined ? host : 'localhost'}:${port}${path}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { redirectUri, redirect: promise, close };
}

function isRedirect(incoming: IncomingMessage, url: URL | null, state: string): url is URL {
  return incoming.method === 'GET' && url?.pathname === path && url.searchParams.get('state') === state;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (cause) {
    throw new ToolkitError('OIDC_LISTEN', {
      message: `${host}${port === 0 ? '' : `:${port}`}: cannot listen for the browser to return`,
      fault: 'environment',
      hint: 'log in with a code instead: sigstead login --device',
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}

const pages = {
  'logged-in': { status: 200, title: 'You are logged in', text: 'Go back to the terminal. You can close this page.' },
  failed: { status: 400, title: 'The login failed', text: 'The terminal says why. You can close this page.' },
  unexpected: { status: 400, title: 'Nothing to see here', text: 'No login is waiting for this request.' },
} as const;

async function send(response: ServerResponse, name: keyof typeof pages): Promise<void> {
  const { status, title, text } = pages[name];
  const sent = Promise.withResolvers<void>();
  response.once('close', sent.resolve);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`,
  );
  await sent.promise;
}
