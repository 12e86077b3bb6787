import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from './loopback-server.ts';

export interface FakeAnswer {
  readonly status?: number;
  /** An object is sent as JSON, text as HTML. */
  readonly body: Readonly<Record<string, unknown>> | string;
}

/** A small OpenID provider that really signs, and misbehaves where a test tells it to. */
export interface FakeIssuer {
  readonly url: string;
  /** Laid over the discovery document. */
  document: Record<string, unknown>;
  jwks: FakeAnswer;
  /** What the token endpoint says to a form. */
  token: (form: URLSearchParams) => FakeAnswer;
  device: (form: URLSearchParams) => FakeAnswer;
  /** Signs claims over a token that would be in order. */
  sign(claims?: Readonly<Record<string, unknown>>, key?: KeyObject): string;
  close(): Promise<void>;
}

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export async function startFakeIssuer(): Promise<FakeIssuer> {
  const server = await startLoopbackServer((request, response) => void serve(issuer, request, response));
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' };
  const unset = (): FakeAnswer => ({ status: 500, body: 'unset' });
  const issuer: FakeIssuer = {
    url: server.url,
    document: {},
    jwks: { body: { keys: [jwk] } },
    token: unset,
    device: unset,
    sign: (claims = {}, key = keys.privateKey) => jwt({ ...honestClaims(server.url), ...claims }, key),
    close: () => server.close(),
  };
  return issuer;
}

function honestClaims(url: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const who = { sub: 'alice', email: 'alice@example.com', email_verified: true };
  return { iss: url, aud: 'sigstore', iat: now, exp: now + 600, ...who };
}

function jwt(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'ES256', kid: 'one' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

async function serve(issuer: FakeIssuer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const { status = 200, body } = answerTo(issuer, request.url ?? '', form);
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
}

function answerTo(issuer: FakeIssuer, path: string, form: URLSearchParams): FakeAnswer {
  switch (path) {
    case '/.well-known/openid-configuration':
      return { body: { ...discoveryDocument(issuer.url), ...issuer.document } };
    case '/jwks':
      return issuer.jwks;
    case '/token':
      return issuer.token(form);
    case '/device':
      return issuer.device(form);
    default:
      return { status: 404, body: 'no such page' };
  }
}

function discoveryDocument(url: string): Record<string, unknown> {
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    device_authorization_endpoint: `${url}/device`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}
