import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FormBrowser } from '../../support/form-browser.ts';
import { ProviderHarness, verifier } from '../../support/provider-harness.ts';

let provider: ProviderHarness;

beforeAll(async () => {
  provider = await ProviderHarness.start();
});

afterAll(async () => {
  await provider.close();
});

/** Sends what `fetch` would not. */
async function statusOf(headers: Readonly<Record<string, string>>, body?: string): Promise<number | undefined> {
  const { port } = new URL(provider.url);
  const method = body === undefined ? 'GET' : 'POST';
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/token', method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    if (body !== undefined) sent.write(body);
    sent.end();
  });
}

describe('the local identity provider', () => {
  it('refuses a user that the configuration does not list, and lets the person choose again', async () => {
    const browser = new FormBrowser();
    const page = await browser.open(provider.authorizationUrl());
    const again = await browser.send(page, { email: 'mallory@example.com' });
    expect(again).toMatchObject({ status: 400, text: expect.stringContaining('There is no such user here.') });
    expect(again.form?.buttons.map(({ name }) => name)).toContain('email');
  });

  it('refuses a code that was used, also when two use it at once', async () => {
    const code = await provider.obtainCode();
    const answers = await Promise.all([provider.redeem({ code }), provider.redeem({ code })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await (await provider.redeem({ code })).json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('refuses a code without its verifier, and at another address', async () => {
    const code = await provider.obtainCode();
    expect((await provider.redeem({ code, code_verifier: `${verifier}x` })).status).toBe(400);
    expect((await provider.redeem({ code, code_verifier: '' })).status).toBe(400);
    expect((await provider.redeem({ code, redirect_uri: 'http://localhost:2/auth/callback' })).status).toBe(400);
    expect((await provider.redeem({ code })).status).toBe(200);
  });

  it.each([
    [{ code_challenge: undefined, code_challenge_method: undefined }],
    [{ code_challenge_method: 'plain' }],
    [{ code_challenge_method: undefined }],
  ])('refuses a login without PKCE: %j', async (overrides) => {
    const answer = await new FormBrowser().step(provider.authorizationUrl(overrides));
    expect(answer.headers.get('location')).toMatch(/^http:\/\/localhost:1\/auth\/callback\?error=invalid_request/);
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
    const url = provider.authorizationUrl({ redirect_uri: uri });
    const page = await new FormBrowser().open(url);
    expect(page).toMatchObject({ url, status: 400, text: expect.stringContaining('invalid_redirect_uri') });
  });

  it('refuses the sign-in page to a browser that did not start the login', async () => {
    const page = await new FormBrowser().open(provider.authorizationUrl());
    const stranger = new FormBrowser();
    expect((await stranger.open(page.url)).status).toBe(400);
    const other = await stranger.open(provider.authorizationUrl());
    expect((await stranger.send({ ...other, form: page.form }, { email: 'alice@example.com' })).status).toBe(400);
  });

  it('refuses a device form without the secret of its session', async () => {
    const browser = new FormBrowser();
    const page = await browser.open(`${provider.url}/device`);
    const answer = await browser.send(page, { xsrf: 'x', user_code: 'BCDF-GHJK', confirm: 'yes' });
    expect(answer.status).toBe(400);
  });

  it('forgets who signed in', async () => {
    const browser = new FormBrowser();
    await provider.obtainCode({}, browser);
    const next = await browser.step(provider.authorizationUrl({ prompt: 'none' }));
    expect(next.headers.get('location')).toContain('error=login_required');
  });

  it('refuses a request under another name, and bodies without or beyond a length', async () => {
    expect(await statusOf({ host: 'evil.example' })).toBe(421);
    expect(await statusOf({ 'transfer-encoding': 'chunked' }, 'a=b')).toBe(411);
    expect(await statusOf({ 'content-length': '16385' }, 'a'.repeat(16_385))).toBe(413);
    expect(await statusOf({ 'content-length': '16384' }, 'a'.repeat(16_384))).toBe(400);
  });

  it.each([
    ['image', 403],
    ['iframe', 403],
    ['empty', 403],
    ['document', 303],
    [undefined, 303],
  ])(
    'answers a login that begins as %s with %d: one that nobody sees takes the place of another',
    async (destination, status) => {
      const headers = destination === undefined ? {} : { 'sec-fetch-dest': destination };
      expect((await fetch(provider.authorizationUrl(), { headers, redirect: 'manual' })).status).toBe(status);
    },
  );

  it('serves pages that run no scripts and cannot be framed', async () => {
    const page = await new FormBrowser().open(provider.authorizationUrl());
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      expect(policy).toContain(part);
    }
    expect(page.text).not.toMatch(/<script|https?:\/\/(?!localhost:1\/)|\son\w+=/);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('explains errors without telling about itself', async () => {
    const page = await new FormBrowser().open(provider.authorizationUrl({ client_id: '<i>nobody</i>' }));
    expect(page.status).toBe(400);
    expect(page.text).not.toMatch(/<i>nobody|node_modules|oidc-provider|at \w+ \(/);
    const missing = await fetch(`${provider.url}/nothing`);
    expect([missing.status, await missing.text()]).toEqual([404, 'Not Found']);
  });
});
