import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keyUriError } from '../core/key-uri-error.ts';
import { type Pkcs11KeyUri, parsePkcs11Uri } from '../core/pkcs11-uri.ts';
import { type AwsKmsKeyUri, parseAwsKmsUri } from './awskms-uri.ts';

export interface FileKeyUri {
  readonly scheme: 'file';
  /** Absolute. */
  readonly path: string;
}

/** Where a private key lives. */
export type KeyUri = FileKeyUri | Pkcs11KeyUri | AwsKmsKeyUri;

/**
 * Parses the URI of a key: `file:/path`, `pkcs11:token=…;object=…` or `awskms:///…`.
 * @throws KEY_URI if it is none of these, or could be read in two ways
 * @throws KEY_URI_SECRET if it holds a PIN
 */
export function parseKeyUri(uri: string): KeyUri {
  if (uri.startsWith('file:')) return parseFileUri(uri);
  if (uri.startsWith('pkcs11:')) return parsePkcs11Uri(uri);
  if (uri.startsWith('awskms:')) return parseAwsKmsUri(uri);
  throw keyUriError(uri, 'expected a key URI that starts with file:, pkcs11: or awskms:', 'e.g. file:/path/to/key.pem');
}

/** Returns the URI of a key file, e.g. `file:/srv/keys/root.pem`. */
export function fileKeyUri(path: string): string {
  return `file:${pathToFileURL(resolve(path)).pathname}`;
}

function parseFileUri(uri: string): FileKeyUri {
  const canonical = uri.replace(/^file:\/\/\//, 'file:/');
  const path = canonical.startsWith('file:/') ? pathOf(canonical) : undefined;
  if (path === undefined || fileKeyUri(path) !== canonical) {
    const hint = path === undefined ? 'e.g. file:/path/to/key.pem' : `write ${fileKeyUri(path)}`;
    throw keyUriError(uri, 'expected file: and an absolute path, percent-encoded, without query or dot segments', hint);
  }
  return { scheme: 'file', path };
}

function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
