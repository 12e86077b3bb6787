import { describe, expect, it } from '@jest/globals';
import { explainToken } from '../../../src/identity/id-token.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: unknown, header: unknown = { alg: 'RS256' }) => `${encode(header)}.${encode(claims)}.c2ln`;

describe('explainToken', () => {
  it('returns what a token says, and that nothing of it was verified', () => {
    const claims = { iss: 'https://id.example', aud: 'sigstore', sub: 's', email: 'a@b.c', email_verified: false };
    expect(explainToken(token({ ...claims, iat: 1_700_000_000, exp: 1_700_000_600 }))).toMatchObject({
      verified: false,
      issuer: 'https://id.example',
      audience: ['sigstore'],
      subject: 's',
      email: 'a@b.c',
      emailVerified: false,
      issuedAt: new Date('2023-11-14T22:13:20Z'),
      expiresAt: new Date('2023-11-14T22:23:20Z'),
    });
  });

  it('accepts several audiences, and none', () => {
    expect(explainToken(token({ aud: ['a', 'b', 3] })).audience).toEqual(['a', 'b']);
    expect(explainToken(token({})).audience).toEqual([]);
  });

  it.each([
    '',
    'a.b',
    'a.b.c.d',
    `!!.${encode({})}.x`,
    `${encode({})}.${encode([])}.x`,
    `${encode({})}.bm90IGpzb24.x`,
    'x'.repeat(70_000),
  ])('refuses what is no token', (text) => {
    expect(() => explainToken(text)).toThrowToolkit('OIDC_TOKEN_FORMAT');
  });

  it('does not repeat the token in its complaint', () => {
    expect(() => explainToken('secret-part.x.y')).not.toThrow(/secret-part/);
  });
});
