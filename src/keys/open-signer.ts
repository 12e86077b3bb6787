import { ToolkitError } from '../core/error.ts';
import type { Signer } from '../core/signer.ts';
import { openFileKey } from './file-key.ts';
import { parseKeyUri } from './key-uri.ts';

/** Where secrets that open a key come from: a file, a prompt. */
export interface KeySecrets {
  passphrase(path: string): Promise<string>;
}

/**
 * Opens the key that a URI names.
 * @throws KEY_SCHEME_UNSUPPORTED for `pkcs11:` and `awskms:`, which parse but cannot be opened by this version
 * @throws KEY_URI, KEY_URI_SECRET, and what `openFileKey` throws
 */
export async function openSigner(uri: string, secrets: KeySecrets): Promise<Signer> {
  const key = parseKeyUri(uri);
  if (key.scheme === 'file')
    return await openFileKey({ path: key.path, passphrase: await secrets.passphrase(key.path) });
  throw new ToolkitError('KEY_SCHEME_UNSUPPORTED', {
    message: `${uri}: expected a key URI of scheme file:, which this version opens, got ${key.scheme}:`,
    fault: 'input',
    data: { uri, scheme: key.scheme, supported: ['file'] },
    hint: 'a server may open this key itself; to sign here, use an encrypted key file',
  });
}
