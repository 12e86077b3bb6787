import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createIdentityProvider,
  type IdentityProvider,
  type IdentityProviderOptions,
} from '../../local/identity-provider/provider.ts';
import { explainToken } from '../../src/identity/id-token.ts';
import { FormBrowser } from './form-browser.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';

export const clientId = 'sigstore';
export const users = [{ email: 'alice@example.com', name: 'Alice <b>' }, { email: 'bob@example.com' }];
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const redirectUri = 'http://localhost:1/auth/callback';

export type PublicJwk = JsonWebKey & { readonly kid: string };

/** The real local identity provider behind a real server, and what an OAuth client does by hand. */
export class ProviderHarness {
  readonly server: LoopbackServer;
  readonly directory: string;
  /** What the provider logged. */
  readonly lines: string[] = [];

  static async start(): Promise<ProviderHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'identity-provider-'));
    const harness = new ProviderHarness(await startLoopbackServer(), directory);
    await harness.restart();
    return harness;
  }

  private constructor(server: LoopbackServer, directory: string) {
    this.server = server;
    this.directory = directory;
  }

  get url(): string {
    return this.server.url;
  }

  /** Puts a new provider behind the server: the same one, as far as the directory goes. */
  async restart(extra: Partial<IdentityProviderOptions> = {}): Promise<IdentityProvider> {
    const provider = await createIdentityProvider({
      issuer: this.url,
      clientId,
      users,
      directory: this.directory,
      log: (line) => this.lines.push(line),
      ...extra,
    });
    this.server.handler = provider.handler;
    return provider;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.directory, { recursive: true });
  }

  authorizationUrl(overrides: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      client_id: clientId,
      response_type: 'code',
      scope: 'openid email',
      redirect_uri: redirectUri,
      state: 'state',
      nonce: 'nonce',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...overrides,
    };
    const present = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `${this.url}/auth?${new URLSearchParams(present)}`;
  }

  /** Signs in as far as the redirect that carries the code, for which nobody listens. */
  async obtainCode(overrides: Readonly<Record<string, string>> = {}, browser = new FormBrowser()): Promise<string> {
    const page = await browser.open(this.authorizationUrl(overrides));
    const answer = await browser.step(new URL(page.form?.action ?? '', page.url).href, {
      method: 'POST',
      body: new URLSearchParams({ email: 'alice@example.com' }),
    });
    const resumed = await browser.step(answer.headers.get('location') ?? '');
    return new URL(resumed.headers.get('location') ?? '').searchParams.get('code') ?? '';
  }

  async redeem(fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<Response> {
    const honest = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier };
    const client: Record<string, string> = headers['authorization'] === undefined ? { client_id: clientId } : {};
    const body = new URLSearchParams({ ...honest, ...client, ...fields });
    return await fetch(`${this.url}/token`, { method: 'POST', body, headers });
  }

  async jwks(): Promise<readonly PublicJwk[]> {
    const response = await fetch(`${this.url}/jwks`);
    return ((await response.json()) as { keys: PublicJwk[] }).keys;
  }

  /** True if a published key signed the token, by our own arithmetic. */
  async isSigned(idToken: string): Promise<boolean> {
    const [header = '', claims = '', signature = ''] = idToken.split('.');
    const { kid, alg } = explainToken(idToken).header;
    const key = (await this.jwks()).find((each) => each.kid === kid);
    if (!key || alg !== 'RS256') return false;
    const publicKey = createPublicKey({ format: 'jwk', key });
    return verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'));
  }
}
