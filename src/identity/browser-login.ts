import * as oidc from 'openid-client';
import { abortable, type Login, type LoginOptions, meanwhile, withDeadline } from './login.ts';
import { loginOf, loginScope, openClient, toOidcError } from './oidc-client.ts';
import { listenForRedirect, type Redirect } from './redirect-listener.ts';

export interface BrowserLoginOptions extends LoginOptions {
  /**
   * Gets the URL that the person has to open in a browser on this machine. Opening it is the caller's choice. The
   * login does not wait for it to return, and fails if it throws.
   */
  readonly open: (url: string) => void | Promise<void>;
  /** For a provider that takes one redirect URI only: `http://localhost:PORT/auth/callback`. @default any port */
  readonly redirectPort?: number;
}

/** Made anew for each login, so that an answer to another one is of no use. */
interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/**
 * Logs a person in through a browser: authorization code with PKCE, returning to a listener on loopback.
 * @throws what `discover` throws; OIDC_LISTEN, OIDC_DENIED, OIDC_REFUSED, OIDC_TIMEOUT, OIDC_UNTRUSTED
 * @see https://www.rfc-editor.org/rfc/rfc8252 and https://www.rfc-editor.org/rfc/rfc7636
 */
export async function loginWithBrowser(options: BrowserLoginOptions): Promise<Login> {
  return await withDeadline(options, async (signal) => {
    const client = await openClient(options, signal);
    const secrets = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    const listener = await listenForRedirect(secrets.state, undefined, options.redirectPort);
    try {
      const url = await authorizationUrl(client, secrets, listener.redirectUri);
      const redirect = await abortable(
        meanwhile(listener.redirect, () => options.open(url)),
        signal,
      );
      return await redeem(client, secrets, redirect, options.issuer);
    } finally {
      listener.close();
    }
  });
}

async function authorizationUrl(
  client: oidc.Configuration,
  secrets: LoginSecrets,
  redirectUri: string,
): Promise<string> {
  return oidc.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: loginScope,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
  }).href;
}

async function redeem(
  client: oidc.Configuration,
  secrets: LoginSecrets,
  redirect: Redirect,
  issuer: string,
): Promise<Login> {
  try {
    const answer = await oidc.authorizationCodeGrant(client, redirect.url, {
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      pkceCodeVerifier: secrets.verifier,
      idTokenExpected: true,
    });
    const login = loginOf(answer, issuer);
    await redirect.respond('logged-in');
    return login;
  } catch (error) {
    await redirect.respond('failed');
    throw toOidcError(error, issuer);
  }
}
