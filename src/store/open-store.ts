import { fileURLToPath } from 'node:url';
import type { Store } from '../core/store.ts';
import { directoryStore } from './directory-store.ts';
import { s3Store } from './s3-store.ts';
import { storeUriError } from './store-uri-error.ts';

/**
 * Returns the store that a person named: the path of a directory, `file:/PATH`, `s3://BUCKET` or `s3://BUCKET/PREFIX`.
 * Nothing is read, and nobody is asked, before the first read or write.
 * @throws STORE_URI
 */
export function openStore(uri: string): Store {
  if (uri.startsWith('s3:')) return s3Store(uri);
  if (uri.startsWith('file:')) return directoryStore(pathOf(uri));
  if (uri !== '' && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri)) return directoryStore(uri);
  const hint = 'e.g. ./tuf, file:/srv/tuf or s3://acme-tuf/production';
  throw storeUriError(uri, 'expected the path of a directory, or a URI that starts with file: or s3:', hint);
}

function pathOf(uri: string): string {
  const hint = 'e.g. file:/srv/tuf';
  if (!/^file:\/(?:\/\/)?[^/?#][^?#]*$/.test(uri))
    throw storeUriError(uri, 'expected file: and an absolute path', hint);
  try {
    return fileURLToPath(uri);
  } catch {
    throw storeUriError(uri, 'expected file: and an absolute path, percent-encoded', hint);
  }
}
