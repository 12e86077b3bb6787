import type { IncomingMessage } from 'node:http';
import type { Provider } from 'oidc-provider';
import { isJsonObject, type Json } from '../../src/core/json.ts';

/** The pause between two polls of the device flow. It is our own machine that they ask. */
const pollSeconds = 1;

/**
 * Adds to a provider's answers what Sigstore clients read beyond the standards.
 *
 * - `access_token`: sigstore-python 4 sends this one to Fulcio, because the public instance's Dex puts the ID token
 *   there as well. Nothing accepts access tokens here, so nothing is lost.
 * - `interval`: cosign 3 takes a missing one for zero seconds and polls without a pause.
 */
export function accommodateClients(provider: Provider): void {
  provider.use(async (context, next) => {
    await next();
    const body = context.body as Json;
    if (!isJsonObject(body)) return;
    if (typeof body.id_token === 'string') context.body = { ...body, access_token: body.id_token };
    if (typeof body.device_code === 'string') context.body = { ...body, interval: pollSeconds };
  });
}

/**
 * Lets a public client that authenticates with HTTP Basic and an empty password (sigstore-python, Go's oauth2) be the
 * public client that it is: with the client id in the body (RFC 6749 sections 2.3.1 and 3.2.1).
 */
export function acceptEmptyPassword(request: IncomingMessage, clientId: string): void {
  const basic = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:`).toString('base64')}`;
  if (request.method !== 'POST' || request.headers.authorization !== basic) return;
  const prefix = Buffer.from(`client_id=${encodeURIComponent(clientId)}&`);
  delete request.headers.authorization;
  request.headers['content-length'] = String(Number(request.headers['content-length']) + prefix.length);
  request.unshift(prefix);
}
