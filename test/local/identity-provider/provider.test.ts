import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createIdentityProvider } from '../../../local/identity-provider/provider.ts';
import { loginWithBrowser } from '../../../src/identity/browser-login.ts';
import { type DevicePrompt, loginWithDevice } from '../../../src/identity/device-login.ts';
import { checkDiscovery } from '../../../src/identity/discovery.ts';
import { explainToken } from '../../../src/identity/id-token.ts';
import { FormBrowser, type Page } from '../../support/form-browser.ts';
import { clientId, ProviderHarness, users } from '../../support/provider-harness.ts';

let provider: ProviderHarness;
let spies: readonly ReturnType<typeof jest.spyOn>[];

beforeAll(async () => {
  spies = (['info', 'warn', 'error', 'log'] as const).map((name) => jest.spyOn(console, name).mockReturnValue());
  provider = await ProviderHarness.start();
});

afterAll(async () => {
  for (const spy of spies) spy.mockRestore();
  await provider.close();
});

describe('createIdentityProvider', () => {
  it('accepts a login by authorization code and PKCE, and its token is what Fulcio needs', async () => {
    const browser = new FormBrowser();
    let last: Promise<Page> | undefined;
    const { idToken } = await loginWithBrowser({
      issuer: provider.url,
      clientId,
      open: async (url) => {
        const page = await browser.open(url);
        expect(page.text).toContain('Alice &lt;b&gt;');
        last = browser.press(page, 'email', 'alice@example.com');
      },
    });
    await expect(last).resolves.toMatchObject({ status: 200, text: expect.stringContaining('You are logged in') });
    expect(await provider.isSigned(idToken)).toBe(true);
    const token = explainToken(idToken);
    expect(token).toMatchObject({
      issuer: provider.url,
      audience: [clientId],
      subject: 'alice@example.com',
      email: 'alice@example.com',
      emailVerified: true,
    });
    expect(Number(token.expiresAt) - Number(token.issuedAt)).toBe(600_000);
  });

  it('accepts a login with a device code, while the device polls', async () => {
    const browser = new FormBrowser();
    const walk = async ({ verificationUri, userCode }: DevicePrompt): Promise<Page> => {
      const ask = await browser.open(verificationUri);
      const wrong = await browser.press(ask, '', undefined, { user_code: 'BCDF-GHJK' });
      expect(wrong.text).toContain('There is no such code');
      const confirm = await browser.press(wrong, '', undefined, { user_code: userCode.toLowerCase() });
      expect(confirm.text).toContain(userCode);
      return await browser.press(await browser.press(confirm, 'confirm'), 'email', 'bob@example.com');
    };
    let walked: Promise<Page> | undefined;
    const show = (prompt: DevicePrompt) => {
      walked = walk(prompt);
      return walked.then(() => undefined);
    };
    const { idToken } = await loginWithDevice({ issuer: provider.url, clientId, show });
    expect((await walked)?.text).toContain('You are signed in');
    expect(await provider.isSigned(idToken)).toBe(true);
    expect(explainToken(idToken)).toMatchObject({
      email: 'bob@example.com',
      emailVerified: true,
      audience: [clientId],
    });
  });

  it('shows a device code that came with the address, and sends it only when the person does', async () => {
    const body = new URLSearchParams({ client_id: clientId, scope: 'openid email' });
    const answer = await fetch(`${provider.url}/device/auth`, { method: 'POST', body });
    const device = (await answer.json()) as { user_code: string; verification_uri_complete: string; interval: number };
    expect(device.interval).toBe(1);
    const browser = new FormBrowser();
    const page = await browser.open(device.verification_uri_complete);
    expect(page.form?.fields.get('user_code')).toBe(device.user_code);
    expect(page.text).not.toContain('<script');
    const confirm = await browser.press(page, '');
    expect((await browser.press(confirm, 'abort')).text).toContain('The login was cancelled');
  });

  it('reports a login that the person cancels', async () => {
    const browser = new FormBrowser();
    const open = async (url: string) => void browser.press(await browser.open(url), 'cancel');
    await expect(loginWithBrowser({ issuer: provider.url, clientId, open })).rejects.toThrowToolkit('OIDC_DENIED');
  });

  it.each([
    ['cosign and sigstore-python', 'http://localhost:50001/auth/callback'],
    ['sigstore-js', 'http://localhost:50002'],
    ['ours', 'http://127.0.0.1:50003/auth/callback'],
  ])('accepts the redirect of %s', async (_, uri) => {
    const code = await provider.obtainCode({ redirect_uri: uri });
    expect((await provider.redeem({ code, redirect_uri: uri })).status).toBe(200);
  });

  it('accepts sigstore-python: Basic with an empty password, and the ID token where it looks for it', async () => {
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`${clientId}:${password}`).toString('base64')}`,
    });
    const answer = await provider.redeem({ code: await provider.obtainCode() }, basic(''));
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect(explainToken(token)).toMatchObject({ audience: [clientId], subject: 'alice@example.com' });
    expect((await provider.redeem({ code: await provider.obtainCode() }, basic('guess'))).status).toBe(401);
  });

  it('keeps its key over a restart, in a file that only its user can read', async () => {
    const before = await provider.jwks();
    await provider.restart();
    expect(await provider.jwks()).toEqual(before);
    expect((await stat(join(provider.directory, 'identity-provider-keys.json'))).mode & 0o777).toBe(0o600);
    await expect(checkDiscovery(provider.url)).resolves.toBeUndefined();
  });

  it('mints a token for its own process, for a user that the configuration lists', async () => {
    const now = new Date('2026-11-22T10:00:00Z');
    const own = await provider.restart({ clock: { now: () => now } });
    const idToken = await own.mintIdToken('bob@example.com');
    expect(await provider.isSigned(idToken)).toBe(true);
    expect(explainToken(idToken)).toMatchObject({
      issuer: provider.url,
      audience: [clientId],
      email: 'bob@example.com',
      issuedAt: now,
    });
    await expect(own.mintIdToken('mallory@example.com')).rejects.toThrowToolkit('LOCAL_UNKNOWN_USER');
  });

  it('forgets the logins that are under way when it closes', async () => {
    const own = await provider.restart();
    const code = await provider.obtainCode();
    await own.close();
    expect(await (await provider.redeem({ code })).json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('says nothing of its own accord, in all of the above', () => {
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    expect(provider.lines).toEqual([]);
  });

  it.each([
    ['http://idp.example:8080', 'OIDC_INSECURE'],
    ['https://idp.example', 'LOCAL_ISSUER'],
    ['https://localhost:8080', 'LOCAL_ISSUER'],
    ['http://localhost:8080/', 'LOCAL_ISSUER'],
    ['http://localhost:8080/path', 'LOCAL_ISSUER'],
  ])('refuses to be %s', async (issuer, code) => {
    const { directory } = provider;
    await expect(createIdentityProvider({ issuer, clientId, users, directory })).rejects.toThrowToolkit(code);
  });
});
