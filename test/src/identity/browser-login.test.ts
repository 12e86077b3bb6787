import { createHash, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BrowserLoginOptions, loginWithBrowser } from '../../../src/identity/browser-login.ts';
import type { Login } from '../../../src/identity/login.ts';
import { listenForRedirect } from '../../../src/identity/redirect-listener.ts';
import { type FakeIssuer, startFakeIssuer } from '../../support/fake-issuer.ts';

let issuer: FakeIssuer;

beforeEach(async () => {
  issuer = await startFakeIssuer();
});

afterEach(async () => {
  await issuer.close();
});

/** What a login sent along with the browser. */
function sentWith(url: string): { redirectUri: string; state: string; nonce: string; challenge: string } {
  const sent = new URL(url).searchParams;
  const value = (name: string) => sent.get(name) ?? '';
  return {
    redirectUri: value('redirect_uri'),
    state: value('state'),
    nonce: value('nonce'),
    challenge: value('code_challenge'),
  };
}

/** Sends the browser back as the provider would, with some of its parameters changed. */
async function comeBack(url: string, changed: Readonly<Record<string, string>> = {}): Promise<Response> {
  const { redirectUri, state } = sentWith(url);
  return await fetch(`${redirectUri}?${new URLSearchParams({ code: 'code', state, iss: issuer.url, ...changed })}`);
}

async function login(
  open: (url: string) => void | Promise<void>,
  extra: Partial<BrowserLoginOptions> = {},
): Promise<Login> {
  return await loginWithBrowser({ issuer: issuer.url, clientId: 'sigstore', open, ...extra });
}

/** A login at a provider whose ID token has other claims than it should. */
async function loginWithClaims(claims: Readonly<Record<string, unknown>>): Promise<Login> {
  return await login(async (url) => {
    issuer.token = () => tokenAnswer(issuer.sign({ nonce: sentWith(url).nonce, ...claims }));
    await comeBack(url);
  });
}

function tokenAnswer(idToken: string) {
  return { body: { access_token: 'x', token_type: 'bearer', id_token: idToken } };
}

describe('loginWithBrowser', () => {
  it('accepts an honest answer, and shows the verifier of its challenge only to the provider', async () => {
    let challenge = '';
    let verifier: string | null = null;
    const { idToken } = await login(async (url) => {
      const sent = sentWith(url);
      challenge = sent.challenge;
      issuer.token = (form) => {
        verifier = form.get('code_verifier');
        return tokenAnswer(issuer.sign({ nonce: sent.nonce }));
      };
      const page = await comeBack(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('You are logged in');
    });
    expect(idToken.split('.')).toHaveLength(3);
    expect(createHash('sha256').update(String(verifier)).digest('base64url')).toBe(challenge);
  });

  it.each([
    ['another nonce', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'someone-else' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an expiry that has passed', { exp: 1 }],
  ])('refuses an ID token with %s', async (_, claims) => {
    await expect(loginWithClaims(claims)).rejects.toThrowToolkit('OIDC_UNTRUSTED', { issuer: issuer.url });
  });

  it('refuses an ID token that another key signed', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const attempt = login(async (url) => {
      issuer.token = () => tokenAnswer(issuer.sign({ nonce: sentWith(url).nonce }, privateKey));
      await comeBack(url);
    });
    await expect(attempt).rejects.toThrowToolkit('OIDC_UNTRUSTED');
  });

  it('refuses an answer that another issuer sent (mix-up)', async () => {
    const attempt = login(async (url) => void (await comeBack(url, { iss: 'https://evil.example' })));
    await expect(attempt).rejects.toThrowToolkit('OIDC_UNTRUSTED');
  });

  it('ignores redirects without its state, and waits for the right one', async () => {
    const { idToken } = await login(async (url) => {
      issuer.token = () => tokenAnswer(issuer.sign({ nonce: sentWith(url).nonce }));
      const { redirectUri } = sentWith(url);
      expect((await comeBack(url, { state: 'guess' })).status).toBe(400);
      expect((await fetch(new URL('/other', redirectUri))).status).toBe(400);
      expect((await fetch(redirectUri, { method: 'POST' })).status).toBe(400);
      await comeBack(url);
    });
    expect(idToken).not.toBe('');
  });

  it('reports a person who declines', async () => {
    const attempt = login(async (url) => void (await comeBack(url, { error: 'access_denied' })));
    await expect(attempt).rejects.toThrowToolkit('OIDC_DENIED');
  });

  it('reports what the provider refuses, in characters that are safe to print', async () => {
    issuer.token = () => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'code \u001b[2J expired' },
    });
    const attempt = login(async (url) => void (await comeBack(url)));
    await expect(attempt).rejects.toThrowToolkit('OIDC_REFUSED', { detail: 'invalid_grant (code ?[2J expired)' });
  });

  it('reports a provider that fails', async () => {
    issuer.token = () => ({ status: 502, body: '<h1>Bad gateway</h1>' });
    const attempt = login(async (url) => void (await comeBack(url)));
    await expect(attempt).rejects.toThrowToolkit('OIDC_UNREACHABLE');
  });

  it('gives up when the time is up, and stops listening', async () => {
    let redirectUri = '';
    const open = (url: string) => {
      redirectUri = sentWith(url).redirectUri;
    };
    await expect(login(open, { timeoutMs: 100 })).rejects.toThrowToolkit('OIDC_TIMEOUT', { timeoutMs: 100 });
    await expect(fetch(redirectUri)).rejects.toThrow('fetch failed');
  });

  it('stops when the caller aborts, with the caller’s reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const attempt = login(() => controller.abort(reason), { signal: controller.signal });
    await expect(attempt).rejects.toBe(reason);
  });

  it('fails with what opening the browser throws', async () => {
    const open = () => Promise.reject(new Error('no browser'));
    await expect(login(open)).rejects.toThrow('no browser');
  });
});

describe('listenForRedirect', () => {
  it('reports that it cannot listen', async () => {
    await expect(listenForRedirect('state', '192.0.2.1')).rejects.toThrowToolkit('OIDC_LISTEN');
  });
});
