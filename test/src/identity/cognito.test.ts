import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../src/config/config.ts';
import { cognitoClientFlags, cognitoRedirectUrl, isKnownCognito } from '../../../src/identity/cognito.ts';
import { resolveIssuer } from '../../../src/identity/fulcio-config.ts';
import type { CognitoIssuer } from '../../../src/identity/issuer.ts';
import { listenForRedirect } from '../../../src/identity/redirect-listener.ts';

const known = {
  preset: 'cognito',
  managed: true,
  userPool: 'eu-central-1_AbCdEf123',
  clientId: '1h57kf5cpq17m0eml12EXAMPLE',
  redirectPort: 8123,
} as const satisfies CognitoIssuer;

describe('the preset cognito', () => {
  it('is an email issuer of its region, whose audience is the client of the pool', () => {
    expect(resolveIssuer(known, '')).toEqual({
      issuerUrl: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123',
      clientId: '1h57kf5cpq17m0eml12EXAMPLE',
      type: 'email',
    });
    expect(resolveIssuer({ ...known, userPool: 'cn-north-1_A' }, '').issuerUrl).toBe(
      'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A',
    );
  });

  it.each([{ userPool: known.userPool }, { clientId: known.clientId }, {}])(
    'refuses %p, and names the step',
    (part) => {
      for (const managed of [true, false]) {
        const issuer: CognitoIssuer = { preset: 'cognito', managed, redirectPort: 8123, ...part };
        expect(isKnownCognito(issuer)).toBe(false);
        expect(() => resolveIssuer(issuer, '')).toThrowToolkit('OIDC_COGNITO_UNKNOWN');
      }
    },
  );

  it('is accepted in a configuration before its pool is there', () => {
    expect(issuersOf('{ preset: cognito }')).toEqual([{ preset: 'cognito', managed: true, redirectPort: 8123 }]);
  });

  it.each([
    '{ preset: cognito, userPool: AbCdEf123 }',
    '{ preset: cognito, userPool: "eu-central-1_a b" }',
    '{ preset: cognito, redirectPort: 80 }',
    '{ preset: cognito, redirectPort: 0 }',
    '{ preset: cognito, managed: maybe }',
    '{ preset: cognito, url: https://cognito-idp.eu-central-1.amazonaws.com/a }',
  ])('refuses %s', (issuer) => {
    expect(() => issuersOf(issuer)).toThrowToolkit('CFG_INVALID');
  });
});

describe('cognitoClientFlags', () => {
  it('names the client id for every client, and the redirect where a client listens itself', () => {
    const flags = cognitoClientFlags(known);
    expect(flags.map(({ client }) => client)).toEqual(['cosign', 'sigstore-python', 'sigstore-js', 'sigstead']);
    for (const { text } of flags) expect(text).toContain(known.clientId);
    expect(flags[0]?.text).toContain('--oidc-redirect-url http://localhost:8123/auth/callback');
  });
});

describe('listenForRedirect', () => {
  it('takes a fixed port, and calls itself localhost there', async () => {
    const { port, close } = await freePort();
    close();
    const listener = await listenForRedirect('state', undefined, port);
    expect(listener.redirectUri).toBe(cognitoRedirectUrl({ redirectPort: port }));
    listener.close();
  });

  it('refuses a port that is taken', async () => {
    const { port, close } = await freePort();
    await expect(listenForRedirect('state', undefined, port)).rejects.toThrowToolkit('OIDC_LISTEN');
    close();
  });
});

async function freePort(): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => server.close() };
}

function issuersOf(issuer: string) {
  return parseConfig(
    `instance: { name: acme, domain: sigstore.acme.example }
root: policy.yaml
issuers: [${issuer}]
logs: { rekor: [{ shard: log2026-1 }], ct: [{ shard: ct2026-1 }] }
timestamps: [{ name: tsa-1 }]
`,
    '/instance/sigstead.yaml',
  ).issuers;
}
