import { rootCertificates } from 'node:tls';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { TarFile } from './tar.ts';

/** The account that every program runs as, and the group of it. */
export const userId = 65_532;

const readable = 0o444;
const executable = 0o555;

/** What an image holds besides its programs. */
export interface CommonFiles {
  /** PEM; the certificate authorities that AWS and every issuer are reached by. */
  readonly certificates: string;
  /** The text of our licence. */
  readonly license: Uint8Array;
}

export interface Certificates {
  readonly pem: string;
  readonly count: number;
  readonly sha256: string;
}

/**
 * Returns Mozilla's roots as this Node.js carries them. `NODE_EXTRA_CA_CERTS` and the system's own are not among them:
 * the certificates of one machine must not get into an image.
 */
export function bundledCertificates(): Certificates {
  const pem = rootCertificates.map((certificate) => `${certificate.trim()}\n`).join('');
  return { pem, count: rootCertificates.length, sha256: sha256Hex(pem) };
}

/** Returns every file of an image; programs by their path in it. */
export function rootFiles(programs: ReadonlyMap<string, Uint8Array>, common: CommonFiles): readonly TarFile[] {
  return [
    ...[...programs].map(([path, bytes]) => ({ path, bytes, mode: executable })),
    { path: 'etc/ssl/certs/ca-certificates.crt', bytes: utf8(common.certificates), mode: readable },
    // Programs that look up who they are find a name, and no shell.
    { path: 'etc/passwd', bytes: utf8(`nonroot:x:${userId}:${userId}:nonroot:/:/sbin/nologin\n`), mode: readable },
    { path: 'etc/group', bytes: utf8(`nonroot:x:${userId}:\n`), mode: readable },
    { path: 'LICENSE', bytes: common.license, mode: readable },
  ];
}
