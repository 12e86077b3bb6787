import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { proberAccountShape, tokenSource } from '../../../../operate/functions/probing/token-source.ts';
import { totp } from '../../../../operate/functions/probing/totp.ts';
import { type Json, toJson } from '../../../../src/core/json.ts';
import { readShape } from '../../../../src/core/shape.ts';
import { type LoopbackServer, startLoopbackServer } from '../../../support/loopback-server.ts';

const now = new Date('2026-11-22T10:00:00Z');
const whom = { identity: 'prober@acme.example', issuer: 'https://login.acme.example' };
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

let server: LoopbackServer;
let requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
let answers: { readonly status: number; readonly body: Json }[];

beforeEach(async () => {
  [requests, answers] = [[], []];
  server = await startLoopbackServer(async (request, response) => {
    requests.push({ headers: request.headers, body: (await buffer(request)).toString() });
    const { status, body } = answers.shift() ?? { status: 500, body: {} };
    response.writeHead(status).end(JSON.stringify(body));
  });
});
afterEach(async () => await server.close());

async function token(account: object): Promise<string> {
  const reading = readShape(proberAccountShape, toJson({ url: `${server.url}/`, ...whom, ...account }));
  if (!reading.value) throw new Error(JSON.stringify(reading.problems));
  return await tokenSource(reading.value, { now }).token();
}

const client = {
  source: 'token-endpoint',
  grant: 'client_credentials',
  clientId: 'c',
  clientSecret: 's p&',
  token: 'access_token',
};
const user = { source: 'cognito', clientId: 'c', username: 'u', password: 'p', totpSecret: secret };

describe('a token endpoint', () => {
  it('gives the token of the field that is named', async () => {
    answers = [{ status: 200, body: { access_token: 'a.b.c', id_token: 'd.e.f' } }];
    expect(await token({ ...client, scope: 'sigstore' })).toBe('a.b.c');
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      ...{ grant_type: 'client_credentials', client_id: 'c', client_secret: 's p&', scope: 'sigstore' },
    });
  });

  it.each<[string, { status: number; body: Json }]>([
    ['status 401', { status: 401, body: { error: 'invalid_client', error_description: 'secret s p&' } }],
    ['an answer without access_token', { status: 200, body: { id_token: 'd.e.f' } }],
  ])('is refused when it gives %s, without a word of the answer', async (reason, answer) => {
    answers = [answer];
    await expect(token(client)).rejects.toThrowToolkit('OPS_PROBER_TOKEN', { where: `${server.url}/`, reason });
  });
});

describe('Cognito', () => {
  const challenge = { ChallengeName: 'SOFTWARE_TOKEN_MFA', Session: 'session' };

  it('gives a token for password and code', async () => {
    answers = [
      { status: 200, body: challenge },
      { status: 200, body: { AuthenticationResult: { IdToken: 'd.e.f' } } },
    ];
    expect(await token(user)).toBe('d.e.f');
    expect(requests.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'AWSCognitoIdentityProviderService.InitiateAuth',
      'AWSCognitoIdentityProviderService.RespondToAuthChallenge',
    ]);
    expect(JSON.parse(requests[1]?.body ?? '')).toMatchObject({
      Session: 'session',
      ChallengeResponses: { USERNAME: 'u', SOFTWARE_TOKEN_MFA_CODE: totp(secret, now) },
    });
  });

  it('is refused when it asks for what the secret has no answer to', async () => {
    answers = [{ status: 200, body: challenge }];
    await expect(token({ ...user, totpSecret: undefined })).rejects.toThrowToolkit('OPS_PROBER_TOKEN');
    answers = [{ status: 200, body: { ChallengeName: 'NEW_PASSWORD_REQUIRED' } }];
    await expect(token(user)).rejects.toThrow(/NEW_PASSWORD_REQUIRED/);
    answers = [{ status: 400, body: { __type: 'NotAuthorizedException' } }];
    await expect(token(user)).rejects.toThrow(/NotAuthorizedException from InitiateAuth/);
  });
});

describe('proberAccountShape', () => {
  it.each([
    ['no source', {}],
    ['another source', { source: 'magic' }],
    ['fields of another source', { ...user, ...whom, url: 'http://x/', grant: 'password' }],
    ['no identity', { ...client, url: 'http://x/' }],
  ])('refuses %s', (_what, account) => {
    expect(readShape(proberAccountShape, toJson(account)).problems).not.toEqual([]);
  });
});

describe('totp', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ])('gives the code of RFC 6238 at second %i', (second, code) => {
    expect(totp(secret, new Date(second * 1_000))).toBe(code);
  });
});
