import type { KeyObject } from 'node:crypto';
import { ToolkitError } from '../core/error.ts';
import { isKeyName } from './note.ts';

/** Returns the elliptic curve of an ECDSA key by OpenSSL's name, e.g. `prime256v1` for P-256. */
export function curveOf(publicKey: KeyObject): string | undefined {
  return publicKey.asymmetricKeyDetails?.namedCurve;
}

/**
 * Refuses an origin that cannot stand in a signature line: no note could ever be signed under it.
 * @throws TLOG_KEY
 */
export function assertOrigin(origin: string): void {
  if (isKeyName(origin)) return;
  throw new ToolkitError('TLOG_KEY', {
    message: `log origin: expected a name without spaces and "+", got ${JSON.stringify(origin)}`,
    fault: 'input',
    data: { origin },
    hint: 'write it as a host name and path, e.g. log2026-1.rekor.acme.example',
  });
}

export function wrongKey(expected: string, publicKey: KeyObject, hint?: string): ToolkitError {
  const got = curveOf(publicKey) ?? publicKey.asymmetricKeyType ?? 'a secret key';
  return new ToolkitError('TLOG_KEY', {
    message: `log key: expected ${expected}, got ${got}`,
    fault: 'input',
    data: { got },
    ...(hint !== undefined && { hint }),
  });
}
