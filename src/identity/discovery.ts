import { ToolkitError } from '../core/error.ts';
import { type Answer, type Fetch, request } from '../core/http.ts';
import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../core/json.ts';
import { assertSecure, isLoopbackUrl, parseIssuerUrl } from './issuer-url.ts';

export interface DiscoveryOptions {
  readonly fetch?: Fetch;
  /** For each request. @default 10 s */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What an issuer publishes about itself, checked as far as `discover` says. */
export interface Discovery {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly document: JsonObject;
}

const maxDocumentBytes = 262_144;
const endpoints = ['authorization_endpoint', 'token_endpoint', 'device_authorization_endpoint', 'jwks_uri'] as const;

/**
 * Passes if Fulcio and the clients will be able to use an issuer from here: its discovery document names exactly this
 * issuer, and its keys can be fetched. What one machine reaches another may not; run it where Fulcio runs.
 * @throws OIDC_ISSUER_URL, OIDC_INSECURE, OIDC_UNREACHABLE, OIDC_ISSUER_MISMATCH, OIDC_DISCOVERY
 */
export async function checkDiscovery(issuerUrl: string, options: DiscoveryOptions = {}): Promise<void> {
  const { jwksUri } = await discover(issuerUrl, options);
  const jwks = await fetchJson(jwksUri, issuerUrl, options);
  const keys = Array.isArray(jwks.keys) ? (jwks.keys as readonly Json[]) : [];
  if (!keys.some((key) => isJsonObject(key) && key.use !== 'enc' && key.kty !== 'oct')) {
    throw unusable(issuerUrl, `${jwksUri}: expected a signing key, got none`);
  }
}

/**
 * Returns what an issuer publishes about itself. The document names exactly `issuerUrl`, and every endpoint is https,
 * or loopback where the issuer is.
 * @throws OIDC_ISSUER_URL, OIDC_INSECURE, OIDC_UNREACHABLE, OIDC_ISSUER_MISMATCH, OIDC_DISCOVERY
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html section 4
 */
export async function discover(issuerUrl: string, options: DiscoveryOptions = {}): Promise<Discovery> {
  const issuer = parseIssuerUrl(issuerUrl);
  const document = await fetchJson(
    `${issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`,
    issuerUrl,
    options,
  );
  if (document.issuer !== issuerUrl) throw mismatch(issuerUrl, document.issuer);
  for (const name of endpoints) assertEndpoint(document[name], name, issuer, issuerUrl);
  const jwksUri = document.jwks_uri;
  if (typeof jwksUri !== 'string') throw unusable(issuerUrl, 'expected jwks_uri in the discovery document, got none');
  return { issuer: issuerUrl, jwksUri, document };
}

function assertEndpoint(value: Json | undefined, name: string, issuer: URL, issuerUrl: string): void {
  if (value === undefined) return;
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (!url) throw unusable(issuerUrl, `expected a URL as ${name}, got ${JSON.stringify(value).slice(0, 100)}`);
  assertSecure(url, `issuer ${issuerUrl}: ${name}`);
  // A public issuer must not make us talk to this machine's own services.
  if (isLoopbackUrl(url) && !isLoopbackUrl(issuer)) {
    throw unusable(issuerUrl, `expected ${name} outside this machine, got ${url.href}`);
  }
}

async function fetchJson(url: string, issuerUrl: string, options: DiscoveryOptions): Promise<JsonObject> {
  const answer = await ask(url, issuerUrl, options);
  if (answer.status >= 500 || answer.status === 429) throw unreachable(issuerUrl, `${url}: status ${answer.status}`);
  if (answer.status !== 200) throw unusable(issuerUrl, `${url}: expected status 200, got ${answer.status}`);
  try {
    return parseJsonObject(answer.body, { what: url, maxBytes: maxDocumentBytes });
  } catch (cause) {
    throw unusable(issuerUrl, `${url}: expected a JSON object`, cause);
  }
}

async function ask(url: string, issuerUrl: string, options: DiscoveryOptions): Promise<Answer> {
  try {
    return await request(url, {
      maxBytes: maxDocumentBytes,
      timeoutMs: options.timeoutMs ?? 10_000,
      ...(options.fetch && { fetch: options.fetch }),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!(cause instanceof ToolkitError)) throw cause;
    if (cause.code === 'CORE_HTTP_UNREACHABLE') throw unreachable(issuerUrl, cause.message, cause);
    throw unusable(issuerUrl, cause.message, cause);
  }
}

function mismatch(expected: string, got: Json | undefined): ToolkitError {
  const text = typeof got === 'string' ? got : JSON.stringify(got ?? null);
  const slash = text === `${expected}/` || expected === `${text}/`;
  return new ToolkitError('OIDC_ISSUER_MISMATCH', {
    message: `issuer ${expected}: its discovery document says ${JSON.stringify(text.slice(0, 200))}`,
    fault: 'input',
    data: { expected, got: text.slice(0, 200) },
    hint: `${slash ? 'a trailing slash counts; ' : ''}write the issuer as the provider does: tokens carry it letter by letter`,
  });
}

function unreachable(issuer: string, detail: string, cause?: unknown): ToolkitError {
  return new ToolkitError('OIDC_UNREACHABLE', {
    message: `issuer ${issuer}: ${detail}`,
    fault: 'environment',
    data: { issuer },
    hint: 'check the URL of the issuer, that it is up, and that this machine can reach it',
    cause,
  });
}

function unusable(issuer: string, detail: string, cause?: unknown): ToolkitError {
  return new ToolkitError('OIDC_DISCOVERY', {
    message: `issuer ${issuer}: ${detail}`,
    fault: 'input',
    data: { issuer },
    hint: 'compare the URL with what the identity provider documents as its issuer',
    cause,
  });
}
