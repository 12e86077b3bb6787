import { createPrivateKey, sign } from 'node:crypto';
import { ToolkitError } from '../../src/core/error.ts';
import type { SigningKey } from './keys.ts';
import { claimsOf, type TestUser } from './users.ts';

export interface MintOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: readonly SigningKey[];
  readonly lifetimeSeconds: number;
  readonly now: Date;
}

/**
 * Signs an ID token as the provider's own endpoints do, for the process that holds its keys anyway.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 */
export function mintIdToken(user: TestUser, options: MintOptions): string {
  const [key] = options.keys;
  if (!key) throw new ToolkitError('LOCAL_IDENTITY_KEYS', { message: 'no signing key', fault: 'caller' });
  const issuedAt = Math.floor(options.now.getTime() / 1_000);
  const header = { alg: key.alg, typ: 'JWT', kid: key.kid };
  const claims = {
    ...claimsOf(user),
    iss: options.issuer,
    aud: options.clientId,
    iat: issuedAt,
    exp: issuedAt + options.lifetimeSeconds,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), createPrivateKey({ format: 'jwk', key }));
  return `${signed}.${signature.toString('base64url')}`;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
