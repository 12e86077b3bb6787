import * as oidc from 'openid-client';
import { ToolkitError } from '../core/error.ts';
import { request } from '../core/http.ts';
import { discover } from './discovery.ts';
import { isLoopbackUrl } from './issuer-url.ts';
import type { Login, LoginOptions } from './login.ts';

/** What Sigstore clients ask for: an ID token with an e-mail address in it. */
export const loginScope = 'openid email';

const maxAnswerBytes = 262_144;

/**
 * Returns a client of an issuer, a public one: it has no secret, PKCE takes its place. Signatures of ID tokens are
 * checked even where TLS would vouch for them.
 * @throws what `discover` throws
 */
export async function openClient(
  options: Pick<LoginOptions, 'issuer' | 'clientId' | 'fetch'>,
  signal: AbortSignal | undefined,
): Promise<oidc.Configuration> {
  const discovery = await discover(options.issuer, {
    ...(options.fetch && { fetch: options.fetch }),
    ...(signal && { signal }),
  });
  const metadata = { ...discovery.document, issuer: discovery.issuer } as oidc.ServerMetadata;
  const client = new oidc.Configuration(metadata, options.clientId, undefined, oidc.None());
  client[oidc.customFetch] = cappedFetch(options, signal);
  oidc.enableNonRepudiationChecks(client);
  if (isLoopbackUrl(new URL(options.issuer))) oidc.allowInsecureRequests(client);
  return client;
}

/** Returns the ID token of an answer that `openid-client` has checked. */
export function loginOf(answer: oidc.TokenEndpointResponse, issuer: string): Login {
  if (answer.id_token === undefined) throw refused(issuer, 'expected an ID token in the answer, got none');
  return { idToken: answer.id_token };
}

/** Turns whatever `openid-client` throws into an error of ours. The one place that knows its errors. */
export function toOidcError(error: unknown, issuer: string): unknown {
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    return fromProvider(error, issuer);
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) return refused(issuer, `status ${error.status}`, error);
  if (!(error instanceof oidc.ClientError)) return error;
  const ours = ownCause(error);
  if (ours) return ours.code === 'CORE_HTTP_UNREACHABLE' ? unreachable(issuer, ours.message, ours) : ours;
  switch (error.code) {
    case 'OAUTH_MISSING_SERVER_METADATA':
    case 'OAUTH_UNSUPPORTED_OPERATION':
      return unsupported(issuer, error);
    case 'OAUTH_TIMEOUT':
    case 'OAUTH_ABORT':
    case 'OAUTH_RESPONSE_IS_NOT_CONFORM':
    case 'OAUTH_RESPONSE_IS_NOT_JSON':
      return unreachable(issuer, error.message, error);
    default:
      return untrusted(issuer, error);
  }
}

function fromProvider(error: oidc.ResponseBodyError | oidc.AuthorizationResponseError, issuer: string): ToolkitError {
  const description = error.error_description === undefined ? '' : ` (${printable(error.error_description)})`;
  const detail = `${printable(error.error)}${description}`;
  if (error.error === 'access_denied') {
    return new ToolkitError('OIDC_DENIED', {
      message: `issuer ${issuer}: the login was declined`,
      fault: 'input',
      data: { issuer },
      hint: 'log in again, and consent',
      cause: error,
    });
  }
  return error.error === 'expired_token' ? expired(issuer, error) : refused(issuer, detail, error);
}

function refused(issuer: string, detail: string, cause?: unknown): ToolkitError {
  return new ToolkitError('OIDC_REFUSED', {
    message: `issuer ${issuer}: it refused: ${detail}`,
    fault: 'input',
    data: { issuer, detail },
    hint: 'check that the issuer knows this client ID and the redirect to this machine',
    cause,
  });
}

function expired(issuer: string, cause: unknown): ToolkitError {
  return new ToolkitError('OIDC_TIMEOUT', {
    message: `issuer ${issuer}: nobody entered the code in time`,
    fault: 'environment',
    data: { issuer },
    hint: 'run the command again for a new code',
    cause,
  });
}

function unreachable(issuer: string, detail: string, cause: unknown): ToolkitError {
  return new ToolkitError('OIDC_UNREACHABLE', {
    message: `issuer ${issuer}: ${detail}`,
    fault: 'environment',
    data: { issuer },
    hint: 'check the URL of the issuer, that it is up, and that this machine can reach it',
    cause,
  });
}

function unsupported(issuer: string, cause: unknown): ToolkitError {
  return new ToolkitError('OIDC_UNSUPPORTED', {
    message: `issuer ${issuer}: it does not offer this kind of login`,
    fault: 'input',
    data: { issuer },
    hint: 'log in through the browser, or take an issuer that offers the device flow',
    cause,
  });
}

function untrusted(issuer: string, cause: oidc.ClientError): ToolkitError {
  return new ToolkitError('OIDC_UNTRUSTED', {
    message: `issuer ${issuer}: its answer does not check out (${cause.message})`,
    fault: 'evidence',
    data: { issuer, reason: cause.code ?? 'unknown' },
    cause,
  });
}

/** What a provider says goes to a terminal: no control characters, no essays. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function ownCause(error: unknown): ToolkitError | undefined {
  if (error instanceof ToolkitError) return error;
  return error instanceof Error ? ownCause(error.cause) : undefined;
}

/** Lets `openid-client` speak through `request`: capped answers, no redirects, the caller's signal. */
function cappedFetch(options: Pick<LoginOptions, 'fetch'>, signal: AbortSignal | undefined): oidc.CustomFetch {
  return async (url, sent) => {
    const answer = await request(url, {
      maxBytes: maxAnswerBytes,
      method: sent.method === 'POST' ? 'POST' : 'GET',
      headers: sent.headers,
      ...(sent.body instanceof URLSearchParams && { body: sent.body.toString() }),
      ...(options.fetch && { fetch: options.fetch }),
      ...(signal && { signal }),
    });
    const body = answer.body.length > 0 ? Buffer.from(answer.body) : null;
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
}
