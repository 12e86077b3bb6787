import { parseUtf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** What an ID token says about itself. Nothing of it was verified: anyone can write such a token. */
export interface ExplainedToken {
  readonly verified: false;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly issuer?: string;
  readonly audience: readonly string[];
  readonly subject?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly issuedAt?: Date;
  readonly expiresAt?: Date;
}

const maxTokenCharacters = 65_536;

/**
 * Returns what an ID token says, without checking its signature.
 * @throws OIDC_TOKEN_FORMAT if it is not a JWT of three parts; the message never holds the token, which is a secret
 * @see https://www.rfc-editor.org/rfc/rfc7519
 */
export function explainToken(idToken: string): ExplainedToken {
  const parts = idToken.trim().split('.');
  if (idToken.length > maxTokenCharacters || parts.length !== 3) throw malformed('expected three parts');
  const header = decodePart(parts[0] ?? '', 'header');
  const claims = decodePart(parts[1] ?? '', 'claims');
  return {
    verified: false,
    header,
    claims,
    audience: [claims.aud].flat().filter((value) => typeof value === 'string'),
    ...(typeof claims.iss === 'string' && { issuer: claims.iss }),
    ...(typeof claims.sub === 'string' && { subject: claims.sub }),
    ...(typeof claims.email === 'string' && { email: claims.email }),
    ...(typeof claims.email_verified === 'boolean' && { emailVerified: claims.email_verified }),
    ...(typeof claims.iat === 'number' && { issuedAt: new Date(claims.iat * 1000) }),
    ...(typeof claims.exp === 'number' && { expiresAt: new Date(claims.exp * 1000) }),
  };
}

function decodePart(text: string, what: string): JsonObject {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw malformed(`${what}: expected base64url`);
  let value: Json;
  try {
    value = JSON.parse(parseUtf8(bytes, what)) as Json;
  } catch {
    throw malformed(`${what}: expected JSON`);
  }
  if (!isJsonObject(value)) throw malformed(`${what}: expected a JSON object`);
  return value;
}

function malformed(detail: string): ToolkitError {
  return new ToolkitError('OIDC_TOKEN_FORMAT', {
    message: `ID token: ${detail}`,
    fault: 'input',
    hint: 'it is cut off, or another kind of token; get a new one: sigstead login',
  });
}
