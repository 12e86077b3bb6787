import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { parseHex, toHex } from '../core/bytes.ts';
import { sha256Hex, spkiOf } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { canonicalize } from './canonical-json.ts';
import { objectAt, stringAt } from './fields.ts';

/** A public key as TUF metadata holds it. No other field: each one would change the key id. */
export interface TufKey extends JsonObject {
  readonly keytype: 'ecdsa' | 'ed25519';
  readonly scheme: 'ecdsa-sha2-nistp256' | 'ed25519';
  readonly keyval: { readonly public: string };
}

/** A key that metadata lists, as it stands there and as far as it can be used. */
export interface RoleKey {
  /** The id under which the metadata lists it. */
  readonly keyid: string;
  /** The key object, with fields that only others understand. */
  readonly key: JsonObject;
  /** `undefined` for a type that not every client verifies: such a key never counts. */
  readonly publicKey: KeyObject | undefined;
  /** The same for two key ids of one private key, so that it cannot be counted twice. */
  readonly physicalKey: string;
}

const p256SpkiBytes = 91;
const ed25519SpkiPrefix = parseHex('302a300506032b6570032100');

/**
 * Returns the TUF form of a public key, in the only spellings that every client accepts: P-256 as PEM, Ed25519 as
 * hexadecimal.
 * @throws TUF_KEY for any other key: one P-384 key makes some clients refuse the whole root
 */
export function tufKey(publicKey: KeyObject): TufKey {
  if (isP256(publicKey)) {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  }
  if (publicKey.asymmetricKeyType === 'ed25519') {
    const raw = spkiOf(publicKey).slice(ed25519SpkiPrefix.length);
    return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: toHex(raw) } };
  }
  const got = publicKey.asymmetricKeyDetails?.namedCurve ?? publicKey.asymmetricKeyType;
  throw new ToolkitError('TUF_KEY', {
    message: `key: expected an ECDSA P-256 or an Ed25519 key, got ${got}`,
    fault: 'input',
    data: { got },
    hint: 'make a key with algorithm ecdsa-p256-sha256; other types lock out clients',
  });
}

/** Returns the id of a key: the SHA-256 of its canonical form, with every field it has (TUF §4.2). */
export function keyId(key: JsonObject): string {
  return sha256Hex(canonicalize(key));
}

/** Parses a key that metadata lists under `keyid`. A type we do not verify parses, and never counts. */
export function parseRoleKey(keyid: string, value: Json | undefined, where: string): RoleKey {
  const key = objectAt(value, where);
  const keytype = stringAt(key['keytype'], `${where}.keytype`);
  const scheme = stringAt(key['scheme'], `${where}.scheme`);
  const text = objectAt(key['keyval'], `${where}.keyval`)['public'];
  const publicKey = typeof text === 'string' ? readPublicKey(keytype, scheme, text) : undefined;
  return { keyid, key, publicKey, physicalKey: publicKey ? physicalKeyOf(publicKey) : keyid };
}

/** Returns what is the same however often, and under whatever id, a key is listed. */
export function physicalKeyOf(publicKey: KeyObject): string {
  return toHex(spkiOf(publicKey));
}

/** True if `signature` (hexadecimal) was made over `message` by the private half of `key`. */
export function verifiesWith(key: RoleKey, message: Uint8Array, signature: string): boolean {
  if (!key.publicKey || !/^([0-9a-f]{2})+$/.test(signature)) return false;
  const digest = key.publicKey.asymmetricKeyType === 'ec' ? 'sha256' : null;
  return verify(digest, message, key.publicKey, parseHex(signature));
}

function readPublicKey(keytype: string, scheme: string, text: string): KeyObject | undefined {
  try {
    if (scheme === 'ed25519' && keytype === 'ed25519' && /^[0-9a-f]{64}$/.test(text)) {
      return createPublicKey({ key: Buffer.concat([ed25519SpkiPrefix, parseHex(text)]), format: 'der', type: 'spki' });
    }
    const ecdsa = keytype === 'ecdsa' || keytype === scheme;
    if (scheme !== 'ecdsa-sha2-nistp256' || !ecdsa || !text.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined;
    const key = createPublicKey(text);
    return isP256(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** A compressed point is another spelling of the same key, and one that Go's clients do not read. */
function isP256(key: KeyObject): boolean {
  return (
    key.asymmetricKeyType === 'ec' &&
    key.asymmetricKeyDetails?.namedCurve === 'prime256v1' &&
    spkiOf(key).length === p256SpkiBytes
  );
}
