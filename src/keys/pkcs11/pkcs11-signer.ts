import { hash, type KeyObject } from 'node:crypto';
import { parsePkcs11Uri } from '../../core/pkcs11-uri.ts';
import type { Signer } from '../../core/signer.ts';
import { algorithmOf, digestOf } from '../algorithm.ts';
import { assertSignature } from '../signer.ts';
import { atToken } from './at-token.ts';
import { userType } from './constants.ts';
import { curves, signatureOf } from './curve.ts';
import { findPrivateKey, type KeyAttributes, readKeyAttributes, readPublicKey } from './key-objects.ts';
import { type LoginOptions, logIn, withPin } from './login.ts';
import { type ObjectHandle, Pkcs11Session } from './session.ts';
import { describeToken, selectToken, type TokenState } from './tokens.ts';

/** A key in a token. Sign with it one message at a time, and close it: the login ends with its last user. */
export interface Pkcs11Signer extends Signer {
  /** As it was when the key was opened. */
  readonly token: TokenState;
  readonly keyAttributes: KeyAttributes;
  close(): void;
}

export interface Pkcs11SignerOptions extends LoginOptions {
  readonly uri: string;
}

/** A key that was found, with the session that keeps its login. */
interface OpenKey {
  readonly session: Pkcs11Session;
  readonly token: TokenState;
  readonly handle: ObjectHandle;
  readonly publicKey: KeyObject;
  readonly keyAttributes: KeyAttributes;
}

/**
 * Finds the key that a `pkcs11:` URI names and logs in to its token. The caller keeps the module open for as long as
 * it signs. Every signature is verified in software before it is returned.
 * @throws KEY_URI, KEY_URI_SECRET
 * @throws KEY_TOKEN_NOT_FOUND, KEY_TOKEN_AMBIGUOUS, KEY_TOKEN_GONE, KEY_TOKEN_FAILED
 * @throws KEY_PIN_LOCKED, KEY_PIN_WRONG, KEY_PIN_EMPTY, KEY_PIN_UNUSABLE
 * @throws KEY_OBJECT_NOT_FOUND, KEY_OBJECT_AMBIGUOUS, KEY_PUBLIC_MISSING, KEY_PUBLIC_UNREADABLE, KEY_ALGORITHM
 * @throws KEY_SIGNATURE_WRONG, KEY_TOKEN_MECHANISM, KEY_TOKEN_GONE when signing
 * @see https://docs.oasis-open.org/pkcs11/pkcs11-spec/v3.1/pkcs11-spec-v3.1.html
 */
export async function openPkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  const key = await openKey(options);
  const { session, token, publicKey, keyAttributes } = key;
  return {
    uri: options.uri,
    algorithm: algorithmOf(publicKey, options.uri),
    publicKey,
    token,
    keyAttributes,
    sign: async (message) => await sign(key, options, message),
    close: () => session.close(),
  };
}

async function openKey(options: Pkcs11SignerOptions): Promise<OpenKey> {
  const wanted = parsePkcs11Uri(options.uri);
  const token = selectToken(options.module.listTokens(), wanted);
  const what = describeToken(token);
  return await atToken(token, options.module, async () => {
    const session = new Pkcs11Session(options.module, token.slot);
    try {
      await logIn(session, token, options);
      const handle = findPrivateKey(session, wanted, what);
      const publicKey = readPublicKey(session, handle, what);
      return { session, token, handle, publicKey, keyAttributes: readKeyAttributes(session, handle) };
    } catch (error) {
      session.close();
      throw error;
    }
  });
}

async function sign(key: OpenKey, options: Pkcs11SignerOptions, message: Uint8Array): Promise<Uint8Array> {
  const { token, publicKey } = key;
  const raw = await atToken(token, options.module, async () => await signRaw(key, options, message));
  const signature = signatureOf(curves[algorithmOf(publicKey)], raw);
  const data = { token: token.label, serial: token.serial };
  const source = { uri: options.uri, what: describeToken(token), device: 'the token', publicKey, data };
  assertSignature(source, message, signature);
  return signature;
}

async function signRaw(key: OpenKey, options: Pkcs11SignerOptions, message: Uint8Array): Promise<Uint8Array> {
  const { token, handle, publicKey, keyAttributes } = key;
  const algorithm = algorithmOf(publicKey);
  const digest = digestOf(algorithm);
  const data = digest === null ? message : hash(digest, message, 'buffer');
  // A session of its own: an operation that failed half-way would block the next one.
  const session = new Pkcs11Session(options.module, token.slot);
  const signAfter = async (authenticate: () => Promise<void>) => {
    const beforeSigning = async () => {
      await authenticate();
      options.reports?.(token, 'signature');
    };
    return await session.sign(handle, curves[algorithm].sign, { data, beforeSigning });
  };
  try {
    if (!keyAttributes.alwaysAuthenticate) return await signAfter(async () => undefined);
    return await withPin(token, options, async (pin) => {
      return await signAfter(async () => await session.login(userType.contextSpecific, pin));
    });
  } finally {
    session.close();
  }
}
