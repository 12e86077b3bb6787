import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createIdentityProvider, type IdentityProviderOptions } from '../../../local/identity-provider/provider.ts';
import { loginWithBrowser } from '../../../src/identity/browser-login.ts';
import { type DevicePrompt, loginWithDevice } from '../../../src/identity/device-login.ts';
import { checkDiscovery } from '../../../src/identity/discovery.ts';
import { explainToken } from '../../../src/identity/id-token.ts';
import { requestTestToken } from '../../../src/identity/test-token.ts';
import { FormBrowser, type Page } from '../../support/form-browser.ts';
import { type LoopbackServer, startLoopbackServer } from '../../support/loopback-server.ts';

const clientId = 'sigstore';
const users = [{ email: 'alice@example.com', name: 'Alice <b>' }, { email: 'bob@example.com' }];
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const secret = '0123456789abcdef0123456789abcdef';

let server: LoopbackServer;
let directory: string;
const lines: string[] = [];

/** Puts a provider behind the server: the same one after every `start`, as far as the directory goes. */
async function start(extra: Partial<IdentityProviderOptions> = {}): Promise<void> {
  const provider = await createIdentityProvider({
    issuer: server.url,
    clientId,
    users,
    directory,
    log: (line) => lines.push(line),
    ...extra,
  });
  server.handler = provider.handler;
}

let spies: readonly ReturnType<typeof jest.spyOn>[];

beforeAll(async () => {
  spies = (['info', 'warn', 'error', 'log'] as const).map((name) => jest.spyOn(console, name).mockReturnValue());
  directory = await mkdtemp(join(tmpdir(), 'identity-provider-'));
  server = await startLoopbackServer();
  await start();
});

afterEach(() => {
  lines.splice(0);
});

afterAll(async () => {
  for (const spy of spies) spy.mockRestore();
  await server.close();
  await rm(directory, { recursive: true });
});

function authorizationUrl(overrides: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    scope: 'openid email',
    redirect_uri: 'http://localhost:1/auth/callback',
    state: 'state',
    nonce: 'nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...overrides,
  };
  const present = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${server.url}/auth?${new URLSearchParams(present)}`;
}

/** Signs in as far as the redirect that carries the code, which nobody listens for. */
async function obtainCode(overrides: Readonly<Record<string, string>> = {}): Promise<string> {
  const browser = new FormBrowser();
  const page = await browser.open(authorizationUrl(overrides));
  const answer = await browser.step(new URL(page.form?.action ?? '', page.url).href, {
    method: 'POST',
    body: new URLSearchParams({ email: 'alice@example.com' }),
  });
  const resumed = await browser.step(answer.headers.get('location') ?? '');
  return new URL(resumed.headers.get('location') ?? '').searchParams.get('code') ?? '';
}

async function redeem(
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const parameters = {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: 'http://localhost:1/auth/callback',
    code_verifier: verifier,
    ...fields,
  };
  return await fetch(`${server.url}/token`, { method: 'POST', body: new URLSearchParams(parameters), headers });
}

async function jwks(): Promise<readonly (JsonWebKey & { kid: string })[]> {
  const response = await fetch(`${server.url}/jwks`);
  return ((await response.json()) as { keys: (JsonWebKey & { kid: string })[] }).keys;
}

async function isSigned(idToken: string): Promise<boolean> {
  const [header = '', claims = '', signature = ''] = idToken.split('.');
  const { kid, alg } = explainToken(idToken).header;
  const key = (await jwks()).find((each) => each.kid === kid);
  if (!key || alg !== 'RS256') return false;
  const publicKey = createPublicKey({ format: 'jwk', key });
  return verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'));
}

describe('createIdentityProvider', () => {
  it('accepts a login by authorization code and PKCE, and its token is what Fulcio needs', async () => {
    const browser = new FormBrowser();
    let last: Promise<Page> | undefined;
    const { idToken } = await loginWithBrowser({
      issuer: server.url,
      clientId,
      open: async (url) => {
        const page = await browser.open(url);
        expect(page.text).toContain('Alice &lt;b&gt;');
        last = browser.press(page, 'email', 'alice@example.com');
      },
    });
    await expect(last).resolves.toMatchObject({ status: 200, text: expect.stringContaining('You are logged in') });
    expect(await isSigned(idToken)).toBe(true);
    const token = explainToken(idToken);
    expect(token).toMatchObject({
      issuer: server.url,
      audience: [clientId],
      subject: 'alice@example.com',
      email: 'alice@example.com',
      emailVerified: true,
    });
    expect(Number(token.expiresAt) - Number(token.issuedAt)).toBe(600_000);
  });

  it('accepts a login with a device code, while the device polls', async () => {
    const browser = new FormBrowser();
    let last: Page | undefined;
    const walk = async ({ verificationUri, userCode }: DevicePrompt) => {
      const ask = await browser.open(verificationUri);
      const wrong = await browser.press(ask, '', undefined, { user_code: 'BCDF-GHJK' });
      expect(wrong.text).toContain('There is no such code');
      const confirm = await browser.press(wrong, '', undefined, { user_code: userCode.toLowerCase() });
      expect(confirm.text).toContain(userCode);
      last = await browser.press(await browser.press(confirm, 'confirm'), 'email', 'bob@example.com');
    };
    const { idToken } = await loginWithDevice({ issuer: server.url, clientId, show: walk });
    expect(last?.text).toContain('You are signed in');
    expect(await isSigned(idToken)).toBe(true);
    expect(explainToken(idToken)).toMatchObject({
      email: 'bob@example.com',
      emailVerified: true,
      audience: [clientId],
    });
  });

  it('shows a device code that came with the address, and sends it only when the person does', async () => {
    const body = new URLSearchParams({ client_id: clientId, scope: 'openid email' });
    const answer = await fetch(`${server.url}/device/auth`, { method: 'POST', body });
    const device = (await answer.json()) as { user_code: string; verification_uri_complete: string; interval: number };
    expect(device.interval).toBe(1);
    const browser = new FormBrowser();
    const page = await browser.open(device.verification_uri_complete);
    expect(page.form?.fields.get('user_code')).toBe(device.user_code);
    expect(page.text).not.toContain('<script');
    const confirm = await browser.press(page, '');
    expect((await browser.press(confirm, 'abort')).text).toContain('The login was cancelled');
  });

  it('refuses a device form without the secret of its session', async () => {
    const browser = new FormBrowser();
    const page = await browser.open(`${server.url}/device`);
    const answer = await browser.send(page, { xsrf: 'x', user_code: 'BCDF-GHJK', confirm: 'yes' });
    expect(answer.status).toBe(400);
  });

  it('refuses a user that the configuration does not list, and lets the person choose again', async () => {
    const browser = new FormBrowser();
    const page = await browser.open(authorizationUrl());
    const again = await browser.send(page, { email: 'mallory@example.com' });
    expect(again).toMatchObject({ status: 400, text: expect.stringContaining('There is no such user here.') });
    expect(again.form?.buttons.map(({ name }) => name)).toContain('email');
  });

  it('reports a login that the person cancels', async () => {
    const browser = new FormBrowser();
    const open = async (url: string) => void browser.press(await browser.open(url), 'cancel');
    await expect(loginWithBrowser({ issuer: server.url, clientId, open })).rejects.toThrowToolkit('OIDC_DENIED');
  });

  it('refuses a code that was used, also when two use it at once', async () => {
    const code = await obtainCode();
    const answers = await Promise.all([redeem({ code }), redeem({ code })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await (await redeem({ code })).json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('refuses a code without its verifier, and a login without a challenge', async () => {
    const code = await obtainCode();
    expect((await redeem({ code, code_verifier: `${verifier}x` })).status).toBe(400);
    const answer = await new FormBrowser().step(
      authorizationUrl({ code_challenge: undefined, code_challenge_method: undefined }),
    );
    expect(answer.headers.get('location')).toContain('error=invalid_request');
    expect(answer.headers.get('location')).toContain('PKCE');
    const plain = await new FormBrowser().step(authorizationUrl({ code_challenge_method: 'plain' }));
    expect(plain.headers.get('location')).toContain('error=invalid_request');
  });

  it.each([
    'https://evil.example/auth/callback',
    'http://evil.example/auth/callback',
    'http://localhost.evil.example/auth/callback',
    'http://localhost:1/elsewhere',
    'http://127.0.0.1@evil.example/auth/callback',
    'urn:ietf:wg:oauth:2.0:oob',
    'javascript:alert(1)',
  ])('refuses to redirect to %s', async (uri) => {
    const page = await new FormBrowser().open(authorizationUrl({ redirect_uri: uri }));
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('invalid_redirect_uri') });
    expect(page.url).toBe(authorizationUrl({ redirect_uri: uri }));
  });

  it.each([
    ['cosign and sigstore-python', 'http://localhost:50001/auth/callback'],
    ['sigstore-js', 'http://localhost:50002'],
    ['ours', 'http://127.0.0.1:50003/auth/callback'],
  ])('accepts the redirect of %s', async (_, uri) => {
    const code = await obtainCode({ redirect_uri: uri });
    expect((await redeem({ code, redirect_uri: uri })).status).toBe(200);
  });

  it('accepts sigstore-python: Basic with an empty password, and the ID token where it looks for it', async () => {
    const code = await obtainCode();
    const authorization = `Basic ${Buffer.from(`${clientId}:`).toString('base64')}`;
    const fields = { grant_type: 'authorization_code', redirect_uri: 'http://localhost:1/auth/callback' };
    const body = new URLSearchParams({ ...fields, code, code_verifier: verifier });
    const answer = await fetch(`${server.url}/token`, { method: 'POST', body, headers: { authorization } });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect(explainToken(token)).toMatchObject({ audience: [clientId], subject: 'alice@example.com' });
    const other = { authorization: `Basic ${Buffer.from(`${clientId}:guess`).toString('base64')}` };
    expect((await fetch(`${server.url}/token`, { method: 'POST', body, headers: other })).status).toBe(401);
  });

  it('refuses the sign-in page to a browser that did not start the login', async () => {
    const page = await new FormBrowser().open(authorizationUrl());
    const stranger = new FormBrowser();
    expect((await stranger.open(page.url)).status).toBe(400);
    const other = await stranger.open(authorizationUrl());
    expect((await stranger.send({ ...other, form: page.form }, { email: 'alice@example.com' })).status).toBe(400);
  });

  it('forgets who signed in', async () => {
    const browser = new FormBrowser();
    const page = await browser.open(authorizationUrl());
    const answer = await browser.step(new URL(page.form?.action ?? '', page.url).href, {
      method: 'POST',
      body: new URLSearchParams({ email: 'alice@example.com' }),
    });
    await browser.step(answer.headers.get('location') ?? '');
    const next = await browser.step(authorizationUrl({ prompt: 'none' }));
    expect(next.headers.get('location')).toContain('error=login_required');
  });

  it('serves pages that run no scripts and cannot be framed', async () => {
    const page = await new FormBrowser().open(authorizationUrl());
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      expect(policy).toContain(part);
    }
    expect(page.text).not.toMatch(/<script|https?:\/\/(?!localhost:1\/)|\son\w+=/);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('refuses a request under another name, and bodies without or beyond a length', async () => {
    const { port } = new URL(server.url);
    const { request } = await import('node:http');
    const status = (headers: Record<string, string>, body?: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const method = body === undefined ? 'GET' : 'POST';
        const sent = request({ host: '127.0.0.1', port, path: '/token', method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject);
        if (body !== undefined) sent.write(body);
        sent.end();
      });
    expect(await status({ host: 'evil.example' })).toBe(421);
    expect(await status({ 'transfer-encoding': 'chunked' }, 'a=b')).toBe(411);
    expect(await status({ 'content-length': '16385' }, 'a'.repeat(16_385))).toBe(413);
    expect(await status({ 'content-length': '16384' }, 'a'.repeat(16_384))).toBe(400);
  });

  it('explains errors without telling about itself', async () => {
    const page = await new FormBrowser().open(authorizationUrl({ client_id: '<i>nobody</i>' }));
    expect(page.status).toBe(400);
    expect(page.text).not.toMatch(/<i>nobody|node_modules|oidc-provider|at \w+ \(/);
    const missing = await fetch(`${server.url}/nothing`);
    expect([missing.status, await missing.text()]).toEqual([404, 'Not Found']);
  });

  it('keeps its key over a restart, in a file that only its user can read', async () => {
    const before = await jwks();
    await start();
    expect(await jwks()).toEqual(before);
    expect((await stat(join(directory, 'identity-provider-keys.json'))).mode & 0o777).toBe(0o600);
    await expect(checkDiscovery(server.url)).resolves.toBeUndefined();
  });

  it('says nothing of its own accord, in all of the above', () => {
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  it.each([
    ['http://idp.example:8080', 'OIDC_INSECURE'],
    ['https://idp.example', 'LOCAL_ISSUER'],
    ['https://localhost:8080', 'LOCAL_ISSUER'],
    ['http://localhost:8080/', 'LOCAL_ISSUER'],
    ['http://localhost:8080/path', 'LOCAL_ISSUER'],
  ])('refuses to be %s', async (issuer, code) => {
    await expect(createIdentityProvider({ issuer, clientId, users, directory })).rejects.toThrowToolkit(code);
  });
});

describe('requestTestToken', () => {
  const request = (overrides = {}) =>
    requestTestToken({ issuer: server.url, secret, email: 'alice@example.com', ...overrides });

  it('refuses unless the provider was told to: the grant does not exist', async () => {
    await start();
    await expect(request()).rejects.toThrowToolkit('OIDC_REFUSED', {
      detail: expect.stringContaining('unsupported_grant_type'),
    });
    const discovery = await (await fetch(`${server.url}/.well-known/openid-configuration`)).text();
    expect(discovery).not.toContain('grant-type:test');
  });

  it('accepts the secret and a listed user, and nothing else', async () => {
    const testSecretFile = join(directory, 'test-secret');
    await writeFile(testSecretFile, `${secret}\n`, { mode: 0o600 });
    await start({ testSecretFile });
    const idToken = await request();
    expect(await isSigned(idToken)).toBe(true);
    expect(explainToken(idToken)).toMatchObject({
      email: 'alice@example.com',
      emailVerified: true,
      audience: [clientId],
    });
    for (let i = 0; i < 3; i += 1) {
      await expect(request({ secret: `${secret}x` })).rejects.toThrowToolkit('OIDC_REFUSED');
    }
    await expect(request({ email: 'mallory@example.com' })).rejects.toThrowToolkit('OIDC_REFUSED');
    expect(lines).toEqual(['test token refused: wrong secret']);
  });

  it('refuses a secret that others can read or that is short', async () => {
    const testSecretFile = join(directory, 'bad-secret');
    await writeFile(testSecretFile, secret, { mode: 0o644 });
    await expect(start({ testSecretFile })).rejects.toThrowToolkit('CORE_SECRET_MODE');
    await rm(testSecretFile);
    await writeFile(testSecretFile, 'short', { mode: 0o600 });
    await expect(start({ testSecretFile })).rejects.toThrowToolkit('LOCAL_TEST_SECRET');
  });
});
