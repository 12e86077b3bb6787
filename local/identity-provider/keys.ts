import { createHash, createPrivateKey, generateKeyPair, type JsonWebKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makePrivateDirectory, pathExists, privateFileMode, readSecretFile } from '../../src/core/files.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../src/core/json.ts';

/** A private JWK, with the name by which verifiers find its public half. */
export type SigningKey = JsonWebKey & { readonly kty: string; readonly kid: string; readonly alg: 'RS256' };

export interface ProviderKeys {
  readonly signing: readonly SigningKey[];
  /** Authenticate the provider's own cookies. */
  readonly cookies: readonly string[];
}

const fileName = 'identity-provider-keys.json';

/**
 * Returns the keys of a directory, and makes them the first time. Fulcio and clients cache the public half: with new
 * keys at every start, tokens would be refused until each of them asks again.
 * @throws CORE_SECRET_MODE, CORE_FILE_WRITE, LOCAL_IDENTITY_KEYS
 */
export async function loadProviderKeys(directory: string): Promise<ProviderKeys> {
  await makePrivateDirectory(directory);
  const path = join(directory, fileName);
  if (!(await pathExists(path))) {
    const keys = await generateKeys();
    await createFile(path, `${JSON.stringify({ version: 1, ...keys }, undefined, 2)}\n`, { mode: privateFileMode });
  }
  return parseKeys(parseJsonObject(await readSecretFile(path), { what: path, maxBytes: 65_536 }), path);
}

/** RS256 is the one algorithm that every OpenID client must accept, and the only one that some do unasked. */
async function generateKeys(): Promise<ProviderKeys> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  // RFC 7638: the members that make the key, in this order.
  const thumbprint = createHash('sha256').update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }));
  return {
    signing: [{ ...jwk, kty: 'RSA', kid: thumbprint.digest('base64url'), alg: 'RS256', use: 'sig' }],
    cookies: [randomBytes(32).toString('base64url')],
  };
}

function parseKeys(document: JsonObject, path: string): ProviderKeys {
  const { version, signing, cookies } = document;
  const isCookieKeys = Array.isArray(cookies) && cookies.length > 0 && cookies.every(isCookieKey);
  const isSigningKeys = Array.isArray(signing) && signing.length > 0 && signing.every(isSigningKey);
  if (version === 1 && isCookieKeys && isSigningKeys) return { signing, cookies };
  throw new ToolkitError('LOCAL_IDENTITY_KEYS', {
    message: `${path}: expected the identity provider's keys, version 1`,
    fault: 'input',
    data: { path },
    hint: 'restore the file, or move it away: new keys are made at the next start',
  });
}

function isCookieKey(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 32;
}

function isSigningKey(value: JsonObject | unknown): value is SigningKey {
  const jwk = value as JsonObject;
  if (!isJsonObject(jwk) || jwk.kty !== 'RSA' || jwk.alg !== 'RS256' || typeof jwk.kid !== 'string') return false;
  try {
    return createPrivateKey({ format: 'jwk', key: jwk as JsonWebKey }).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
