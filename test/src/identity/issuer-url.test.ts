import { describe, expect, it } from '@jest/globals';
import { isLoopbackUrl, parseIssuerUrl } from '../../../src/identity/issuer-url.ts';

describe('parseIssuerUrl', () => {
  it.each(['https://id.example', 'https://id.example/', 'https://id.example:8443/realms/a', 'http://localhost:8080'])(
    'accepts %s',
    (text) => {
      expect(parseIssuerUrl(text)).toBeInstanceOf(URL);
    },
  );

  it.each([
    '',
    'id.example',
    ' https://id.example',
    'https://id.example/?a=b',
    'https://id.example?',
    'https://i.x/#f',
    'https://i.x#',
    'https://u:p@i.x',
  ])('refuses %j', (text) => {
    expect(() => parseIssuerUrl(text)).toThrowToolkit('OIDC_ISSUER_URL', { issuer: text });
  });

  it('refuses http outside loopback', () => {
    expect(() => parseIssuerUrl('http://id.example')).toThrowToolkit('OIDC_INSECURE');
  });
});

describe('isLoopbackUrl', () => {
  it.each([
    ['http://localhost:1', true],
    ['http://127.0.0.1', true],
    ['http://127.9.9.9', true],
    ['http://[::1]:1', true],
    ['http://localhost.example', false],
    ['http://127.0.0.1.example', false],
    ['http://128.0.0.1', false],
    ['http://0.0.0.0', false],
  ])('says of %s: %s', (text, expected) => {
    expect(isLoopbackUrl(new URL(text))).toBe(expected);
  });
});
