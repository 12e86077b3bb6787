import { type Fetch, request } from '../../../src/core/http.ts';
import { parseJson } from '../../../src/core/json.ts';
import { oneOf, optional, text } from '../../../src/core/shape.ts';
import { noToken, type TokenSource, textOf } from './token.ts';

/** An account that a token endpoint gives a token to at once (RFC 6749 §4.3, §4.4). */
export interface EndpointAccount {
  readonly source: 'token-endpoint';
  readonly url: string;
  readonly grant: 'client_credentials' | 'password';
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  /** Which token of the answer Fulcio takes. */
  readonly token: 'id_token' | 'access_token';
}

export const endpointShape = {
  source: oneOf('token-endpoint'),
  url: text,
  grant: oneOf('client_credentials', 'password'),
  clientId: text,
  clientSecret: optional(text),
  username: optional(text),
  password: optional(text),
  scope: optional(text),
  audience: optional(text),
  token: oneOf('id_token', 'access_token'),
};

const maxBytes = 65_536;

/** Returns the token source of an account at a token endpoint. The secret of the client goes in the body. */
export function endpointTokens(account: EndpointAccount, options: { readonly fetch?: Fetch }): TokenSource {
  return {
    token: async () => {
      const { url } = account;
      const { status, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: formOf(account).toString(),
        maxBytes,
        ...(options.fetch && { fetch: options.fetch }),
      });
      if (status !== 200) throw noToken(url, `status ${status}`);
      const token = textOf(parseJson(body, { what: url, maxBytes }), account.token);
      if (token === undefined) throw noToken(url, `an answer without ${account.token}`);
      return token;
    },
  };
}

function formOf(account: EndpointAccount): URLSearchParams {
  const { grant, clientId, clientSecret, username, password, scope, audience } = account;
  const fields = {
    ...{ grant_type: grant, client_id: clientId, client_secret: clientSecret },
    ...{ username, password, scope, audience },
  };
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : [])),
  );
}
