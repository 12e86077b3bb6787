import * as oidc from 'openid-client';
import type { Fetch } from '../core/http.ts';
import { sigstoreClientId } from './fulcio-config.ts';
import { loginOf, openClient, toOidcError } from './oidc-client.ts';

/** The grant by which tests get tokens without a person. Only the local provider has it, and only when asked for. */
export const testGrantType = 'urn:sigstead:grant-type:test';

export interface TestTokenOptions {
  readonly issuer: string;
  /** Content of the local provider's 0600 secret file. */
  readonly secret: string;
  readonly email: string;
  /** @default 'sigstore' */
  readonly clientId?: string;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
}

/**
 * Returns an ID token of one of the local provider's configured users, without a login.
 * @throws what `discover` throws; OIDC_REFUSED if the secret or the user is wrong, or the provider has no such grant
 */
export async function requestTestToken(options: TestTokenOptions): Promise<string> {
  const client = await openClient({ clientId: sigstoreClientId, ...options }, options.signal);
  const { secret, email } = options;
  try {
    return loginOf(await oidc.genericGrantRequest(client, testGrantType, { secret, email }), options.issuer).idToken;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw toOidcError(error, options.issuer);
  }
}
