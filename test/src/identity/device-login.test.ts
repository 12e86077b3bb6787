import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DeviceLoginOptions, type DevicePrompt, loginWithDevice } from '../../../src/identity/device-login.ts';
import type { Login } from '../../../src/identity/login.ts';
import { type FakeAnswer, type FakeIssuer, startFakeIssuer } from '../../support/fake-issuer.ts';

let issuer: FakeIssuer;

beforeEach(async () => {
  issuer = await startFakeIssuer();
  issuer.device = () => ({ body: deviceAnswer() });
});

afterEach(async () => {
  await issuer.close();
});

function deviceAnswer() {
  return {
    device_code: 'device-code',
    user_code: 'ABCD-EFGH',
    verification_uri: `${issuer.url}/activate`,
    verification_uri_complete: `${issuer.url}/activate?user_code=ABCD-EFGH`,
    expires_in: 60,
    interval: 0.01,
  };
}

async function login(extra: Partial<DeviceLoginOptions> = {}): Promise<Login> {
  return await loginWithDevice({ issuer: issuer.url, clientId: 'sigstore', show: () => undefined, ...extra });
}

const failing = (error: string): FakeAnswer => ({ status: 400, body: { error } });

describe('loginWithDevice', () => {
  it('shows where to go, and polls until the person has been there', async () => {
    const answers = [failing('authorization_pending'), failing('authorization_pending')];
    const honest = () => ({ body: { access_token: 'x', token_type: 'bearer', id_token: issuer.sign() } });
    issuer.token = (form) => {
      expect(form.get('device_code')).toBe('device-code');
      return answers.pop() ?? honest();
    };
    const prompts: DevicePrompt[] = [];
    const { idToken } = await login({ show: (prompt) => void prompts.push(prompt) });
    expect(idToken).toContain('.');
    expect(prompts).toEqual([
      {
        verificationUri: `${issuer.url}/activate`,
        verificationUriComplete: `${issuer.url}/activate?user_code=ABCD-EFGH`,
        userCode: 'ABCD-EFGH',
        expiresInMs: 60_000,
      },
    ]);
  });

  it.each([
    ['access_denied', 'OIDC_DENIED'],
    ['expired_token', 'OIDC_TIMEOUT'],
    ['unauthorized_client', 'OIDC_REFUSED'],
  ])('reports %s', async (error, code) => {
    issuer.token = () => failing(error);
    await expect(login()).rejects.toThrowToolkit(code);
  });

  it('refuses an ID token for somebody else', async () => {
    const idToken = issuer.sign({ aud: 'someone-else' });
    issuer.token = () => ({ body: { access_token: 'x', token_type: 'bearer', id_token: idToken } });
    await expect(login()).rejects.toThrowToolkit('OIDC_UNTRUSTED');
  });

  it('refuses an answer without an ID token', async () => {
    issuer.token = () => ({ body: { access_token: 'x', token_type: 'bearer' } });
    await expect(login()).rejects.toThrowToolkit('OIDC_REFUSED');
  });

  it.each([
    ['user_code', '\u001b]0;title', 'OIDC_UNTRUSTED'],
    ['verification_uri', 'go there', 'OIDC_UNTRUSTED'],
    ['verification_uri', 'http://evil.example/', 'OIDC_INSECURE'],
  ])('refuses to show %s %j', async (name, value, code) => {
    issuer.device = () => ({ body: { ...deviceAnswer(), [name]: value } });
    const show = () => Promise.reject(new Error('shown'));
    await expect(login({ show })).rejects.toThrowToolkit(code);
  });

  it('reports an issuer that has no device flow', async () => {
    issuer.document = { device_authorization_endpoint: undefined };
    await expect(login()).rejects.toThrowToolkit('OIDC_UNSUPPORTED');
  });

  it('gives up when the time is up', async () => {
    issuer.token = () => failing('authorization_pending');
    await expect(login({ timeoutMs: 100 })).rejects.toThrowToolkit('OIDC_TIMEOUT', { timeoutMs: 100 });
  });

  it('stops when the caller aborts, with the caller’s reason', async () => {
    issuer.token = () => failing('authorization_pending');
    const controller = new AbortController();
    const reason = new Error('enough');
    const attempt = login({ show: () => controller.abort(reason), signal: controller.signal });
    await expect(attempt).rejects.toBe(reason);
  });

  it('fails with what showing the code throws', async () => {
    issuer.token = () => failing('authorization_pending');
    await expect(login({ show: () => Promise.reject(new Error('no terminal')) })).rejects.toThrow('no terminal');
  });
});
