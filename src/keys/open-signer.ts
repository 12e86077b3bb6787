import { fileURLToPath } from 'node:url';
import { parseUtf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { readSecretFile } from '../core/files.ts';
import { keyUriError } from '../core/key-uri-error.ts';
import type { Pkcs11KeyUri } from '../core/pkcs11-uri.ts';
import type { Signer } from '../core/signer.ts';
import { openAwsKmsSigner } from './awskms-signer.ts';
import { openFileKey } from './file-key.ts';
import { parseKeyUri } from './key-uri.ts';
import type { KeyAttributes } from './pkcs11/key-objects.ts';
import type { LoginOptions, PinSource } from './pkcs11/login.ts';
import { Pkcs11Module } from './pkcs11/module.ts';
import { openPkcs11Signer } from './pkcs11/pkcs11-signer.ts';
import type { TokenState } from './pkcs11/tokens.ts';

/** Where secrets that open a key come from: a file, a prompt. */
export interface KeySecrets {
  passphrase(path: string): Promise<string>;
  /** Called once for each try, with the token as it is then: show how near it is to locking. */
  readonly pin: PinSource;
}

export interface OpenSignerOptions extends Pick<LoginOptions, 'reports'> {
  /** The PKCS#11 module for a URI that names none. */
  readonly modulePath?: string;
}

/** A signer that holds something open: a login, connections. */
export interface OpenedSigner extends Signer {
  /** Of a key in a token: the token as it was when the key was opened. */
  readonly token?: TokenState;
  /** Of a key in a token: what it says of the key. */
  readonly keyAttributes?: KeyAttributes;
  close(): void;
}

/**
 * Opens the key that a URI names. The caller closes it.
 * @throws KEY_MODULE_UNNAMED for a `pkcs11:` URI without module path if the options name none either
 * @throws KEY_URI, KEY_URI_SECRET, and what `openFileKey`, `Pkcs11Module.open`, `openPkcs11Signer` and `openAwsKmsSigner` throw
 */
export async function openSigner(
  uri: string,
  secrets: KeySecrets,
  options: OpenSignerOptions = {},
): Promise<OpenedSigner> {
  const key = parseKeyUri(uri);
  if (key.scheme === 'pkcs11') return await openTokenKey(uri, key, { ...options, pin: pinSourceOf(uri, key, secrets) });
  if (key.scheme === 'awskms') return await openAwsKmsSigner(uri);
  const signer = await openFileKey({ path: key.path, passphrase: await secrets.passphrase(key.path) });
  return { ...signer, close: () => undefined };
}

async function openTokenKey(
  uri: string,
  key: Pkcs11KeyUri,
  options: OpenSignerOptions & { readonly pin: PinSource },
): Promise<OpenedSigner> {
  const path = key.modulePath ?? options.modulePath;
  if (path === undefined) throw moduleUnnamed(uri);
  const module = await Pkcs11Module.open(path);
  try {
    const signer = await openPkcs11Signer({ uri, module, pin: options.pin, reports: options.reports });
    const close = () => {
      signer.close();
      module.close();
    };
    return { ...signer, close };
  } catch (error) {
    module.close();
    throw error;
  }
}

/** A file that the URI names, for whom nobody is there to ask; else the caller's. */
function pinSourceOf(uri: string, { pinSource }: Pkcs11KeyUri, secrets: KeySecrets): PinSource {
  if (pinSource === undefined) return secrets.pin;
  if (!/^(?:file:)?\/(?!\/)/.test(pinSource)) {
    throw keyUriError(uri, 'expected pin-source to be a file', 'e.g. pin-source=file:/srv/secrets/pin');
  }
  const path = pinSource.startsWith('file:') ? fileURLToPath(pinSource) : pinSource;
  return async () => parseUtf8(await readSecretFile(path, 1_024), path).trim();
}

function moduleUnnamed(uri: string): ToolkitError {
  return new ToolkitError('KEY_MODULE_UNNAMED', {
    message: `${uri}: names no PKCS#11 module, and none was given`,
    fault: 'input',
    data: { uri },
    hint: 'add ?module-path= and the path of the shared library that drives the token',
  });
}
