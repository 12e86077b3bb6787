import { type KeyObject, randomBytes } from 'node:crypto';
import { ToolkitError } from '../core/error.ts';
import { createFile, pathExists, privateFileMode, readSecretFile } from '../core/files.ts';
import type { SignatureAlgorithm, Signer } from '../core/signer.ts';
import { algorithmOf, generatePrivateKey } from './algorithm.ts';
import { fileKeyUri } from './key-uri.ts';
import { decryptPrivateKey, encryptPrivateKey } from './pkcs8.ts';
import { signerOf } from './signer.ts';

export interface FileKeyOptions {
  /** Where the key is; relative paths are relative to the working directory. */
  readonly path: string;
  readonly passphrase: string;
}

/** Returns 256 random bits as base64url: too long to guess, safe in an environment variable. */
export function generatePassphrase(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Makes a private key and writes it as encrypted PKCS#8 PEM of mode 0600; it is on disk when this returns.
 * @throws CORE_FILE_EXISTS if something is there: no key is ever overwritten
 * @throws KEY_PASSPHRASE_EMPTY
 */
export async function createFileKey(
  options: FileKeyOptions & { readonly algorithm: SignatureAlgorithm },
): Promise<Signer> {
  const { path, passphrase, algorithm } = options;
  if (passphrase === '') throw emptyPassphrase(path);
  if (await pathExists(path)) throw keyExists(path);
  const privateKey = await generatePrivateKey(algorithm);
  await createFile(path, await encryptPrivateKey(privateKey, passphrase), { mode: privateFileMode });
  return signerOf(privateKey, fileKeyUri(path));
}

/**
 * Opens an encrypted key file for signing.
 * @throws CORE_FILE_MISSING, CORE_SECRET_MODE
 * @throws KEY_PASSPHRASE, KEY_FORMAT, KEY_UNENCRYPTED, KEY_ALGORITHM
 */
export async function openFileKey(options: FileKeyOptions): Promise<Signer> {
  return signerOf(await readKey(options), fileKeyUri(options.path));
}

/**
 * Returns the private key as unencrypted PEM, for a server that cannot read an encrypted one. The caller hands it over
 * without writing it to a disk (through a FIFO) and drops it.
 * @throws KEY_ALGORITHM for `sec1` with a key that is not ECDSA, and what `openFileKey` throws
 */
export async function decryptFileKey(options: FileKeyOptions & { readonly as: 'pkcs8' | 'sec1' }): Promise<string> {
  const privateKey = await readKey(options);
  if (options.as === 'pkcs8') return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (privateKey.asymmetricKeyType === 'ec') return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  throw new ToolkitError('KEY_ALGORITHM', {
    message: `${options.path}: expected an ECDSA key, which alone has the form SEC 1, got ${privateKey.asymmetricKeyType}`,
    fault: 'input',
    data: { what: options.path, got: privateKey.asymmetricKeyType },
    hint: 'make an ECDSA key for this server: it reads no other kind',
  });
}

async function readKey({ path, passphrase }: FileKeyOptions): Promise<KeyObject> {
  // Latin-1 maps every byte, so that a file that is not text is refused as a key and not as an encoding.
  const pem = Buffer.from(await readSecretFile(path)).toString('latin1');
  const privateKey = await decryptPrivateKey(pem, passphrase, path);
  algorithmOf(privateKey, path);
  return privateKey;
}

function emptyPassphrase(path: string): ToolkitError {
  return new ToolkitError('KEY_PASSPHRASE_EMPTY', {
    message: `${path}: expected a passphrase, got an empty one`,
    fault: 'input',
    data: { path },
    hint: 'an empty passphrase protects nothing, and Fulcio refuses it',
  });
}

function keyExists(path: string): ToolkitError {
  return new ToolkitError('CORE_FILE_EXISTS', {
    message: `${path}: already exists; a key is never overwritten`,
    fault: 'input',
    data: { path },
    hint: 'open this key, or choose another path for the new one',
  });
}
