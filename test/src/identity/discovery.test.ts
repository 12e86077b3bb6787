import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkDiscovery, discover } from '../../../src/identity/discovery.ts';
import { type FakeIssuer, startFakeIssuer } from '../../support/fake-issuer.ts';

let issuer: FakeIssuer;

beforeEach(async () => {
  issuer = await startFakeIssuer();
});

afterEach(async () => {
  await issuer.close();
});

describe('checkDiscovery', () => {
  it('accepts an issuer that names itself and has a key', async () => {
    await expect(checkDiscovery(issuer.url)).resolves.toBeUndefined();
  });

  it('accepts a trailing slash where the issuer has one', async () => {
    issuer.document = { issuer: `${issuer.url}/` };
    await expect(checkDiscovery(`${issuer.url}/`)).resolves.toBeUndefined();
  });

  it('refuses a trailing slash that only one of the two has, and names both', async () => {
    const data = { expected: `${issuer.url}/`, got: issuer.url };
    await expect(checkDiscovery(`${issuer.url}/`)).rejects.toThrowToolkit('OIDC_ISSUER_MISMATCH', data);
    issuer.document = { issuer: `${issuer.url}/` };
    const error = await checkDiscovery(issuer.url).catch((thrown: unknown) => thrown);
    expect(error).toThrowToolkit('OIDC_ISSUER_MISMATCH', { expected: issuer.url, got: `${issuer.url}/` });
    expect(error).toMatchObject({ hint: expect.stringContaining('a trailing slash counts') });
  });

  it('refuses an issuer that names another', async () => {
    issuer.document = { issuer: 'https://kubernetes.default.svc' };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_ISSUER_MISMATCH', {
      got: 'https://kubernetes.default.svc',
    });
  });

  it.each(['http://id.example', 'ftp://127.0.0.1', 'http://127.0.0.1.example'])('refuses %s', async (url) => {
    await expect(checkDiscovery(url)).rejects.toThrowToolkit('OIDC_INSECURE');
  });

  it('refuses an endpoint that is not https', async () => {
    issuer.document = { token_endpoint: 'http://id.example/token' };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_INSECURE', {
      url: 'http://id.example/token',
    });
  });

  it('reports an issuer that cannot be reached, or fails', async () => {
    issuer.jwks = { status: 503, body: 'later' };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_UNREACHABLE');
    const { url } = issuer;
    await issuer.close();
    await expect(checkDiscovery(url)).rejects.toThrowToolkit('OIDC_UNREACHABLE', { issuer: url });
    issuer = await startFakeIssuer();
  });

  it.each([
    ['keys that are forbidden', { status: 403, body: 'system:anonymous' }],
    ['keys that are no JSON', { body: '<html>' }],
    ['no key', { body: { keys: [] } }],
    ['keys of another use', { body: { keys: [{ kty: 'RSA', use: 'enc' }, { kty: 'oct' }] } }],
  ])('refuses %s', async (_, jwks) => {
    issuer.jwks = jwks;
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_DISCOVERY');
  });

  it('refuses a document that is missing, too large or without keys', async () => {
    await expect(checkDiscovery(`${issuer.url}/elsewhere`)).rejects.toThrowToolkit('OIDC_DISCOVERY');
    issuer.document = { padding: 'x'.repeat(300_000) };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_DISCOVERY');
    issuer.document = { jwks_uri: undefined };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_DISCOVERY');
    issuer.document = { jwks_uri: 'jwks' };
    await expect(checkDiscovery(issuer.url)).rejects.toThrowToolkit('OIDC_DISCOVERY');
  });
});

describe('discover', () => {
  it('refuses a public issuer that points at this machine', async () => {
    const document = { issuer: 'https://id.example', jwks_uri: 'http://127.0.0.1:1/jwks' };
    const fetch = async () => Response.json(document);
    await expect(discover('https://id.example', { fetch })).rejects.toThrowToolkit('OIDC_DISCOVERY');
  });
});
