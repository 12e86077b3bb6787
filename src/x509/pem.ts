import { toBase64 } from '../core/bytes.ts';

/** Formats one PEM block (RFC 7468), with a line break at its end. */
export function formatPem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
