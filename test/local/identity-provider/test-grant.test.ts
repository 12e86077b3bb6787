import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { explainToken } from '../../../src/identity/id-token.ts';
import { requestTestToken, testGrantType } from '../../../src/identity/test-token.ts';
import { clientId, ProviderHarness } from '../../support/provider-harness.ts';

const secret = '0123456789abcdef0123456789abcdef';
let provider: ProviderHarness;
let testSecretFile: string;

beforeAll(async () => {
  provider = await ProviderHarness.start();
  testSecretFile = join(provider.directory, 'test-secret');
});

afterAll(async () => {
  await provider.close();
});

const ask = (overrides = {}) =>
  requestTestToken({ issuer: provider.url, secret, email: 'alice@example.com', ...overrides });

describe('requestTestToken', () => {
  it('is refused unless the provider was told otherwise: the grant does not exist', async () => {
    const detail = expect.stringContaining('unsupported_grant_type');
    await expect(ask()).rejects.toThrowToolkit('OIDC_REFUSED', { detail });
    const discovery = await (await fetch(`${provider.url}/.well-known/openid-configuration`)).text();
    expect(discovery).not.toContain('grant-type:test');
  });

  it('returns a token for the secret and a listed user, and for nothing else', async () => {
    await writeFile(testSecretFile, `${secret}\n`, { mode: 0o600 });
    await provider.restart({ testSecretFile });
    const idToken = await ask();
    expect(await provider.isSigned(idToken)).toBe(true);
    const token = explainToken(idToken);
    expect(token).toMatchObject({ email: 'alice@example.com', emailVerified: true, audience: [clientId] });
    expect(Number(token.expiresAt) - Number(token.issuedAt)).toBe(600_000);
    for (const wrong of [`${secret}x`, secret.slice(1), '']) {
      await expect(ask({ secret: wrong })).rejects.toThrowToolkit('OIDC_REFUSED');
    }
    await expect(ask({ email: 'mallory@example.com' })).rejects.toThrowToolkit('OIDC_REFUSED');
    expect(provider.lines).toEqual(['test token refused: wrong secret']);
  });

  it('is answered 401 for a wrong secret and 400 for an unknown user', async () => {
    const status = async (fields: Readonly<Record<string, string>>) => {
      const body = new URLSearchParams({ grant_type: testGrantType, client_id: clientId, ...fields });
      return (await fetch(`${provider.url}/token`, { method: 'POST', body })).status;
    };
    expect(await status({ secret: 'guess', email: 'alice@example.com' })).toBe(401);
    expect(await status({ secret, email: 'mallory@example.com' })).toBe(400);
    expect(await status({ email: 'alice@example.com' })).toBe(401);
  });
});

describe('readTestSecret', () => {
  it('refuses a secret that others can read, or that is short', async () => {
    await rm(testSecretFile, { force: true });
    await writeFile(testSecretFile, secret, { mode: 0o644 });
    await expect(provider.restart({ testSecretFile })).rejects.toThrowToolkit('CORE_SECRET_MODE');
    await rm(testSecretFile);
    await writeFile(testSecretFile, 'short', { mode: 0o600 });
    await expect(provider.restart({ testSecretFile })).rejects.toThrowToolkit('LOCAL_TEST_SECRET');
  });
});
