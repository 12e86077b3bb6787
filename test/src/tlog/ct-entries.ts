import { concat, utf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/digest.ts';
import type { CtLogEntry } from './memory-log.ts';

/** Writes a big-endian number. */
export function uint(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => Math.floor(value / 256 ** (length - 1 - at)) % 256);
}

export function vector(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return concat(uint(bytes.length, lengthBytes), bytes);
}

export function leafIndexExtension(index: number): Uint8Array {
  return concat(Uint8Array.of(0), vector(uint(index, 5), 2));
}

export const issuerCertificate = utf8('issuer');

export interface CtEntryOptions {
  readonly timestamp?: number;
  readonly extensions?: Uint8Array;
  readonly fingerprints?: Uint8Array;
}

/** A certificate at an even index, a precertificate at an odd one. */
export function ctEntry(index: number, options: CtEntryOptions = {}): CtLogEntry {
  const isPrecertificate = index % 2 === 1;
  const subject = vector(utf8(`certificate ${index}`), 3);
  const entry = isPrecertificate ? concat(uint(1, 2), sha256(issuerCertificate), subject) : concat(uint(0, 2), subject);
  const extensions = vector(options.extensions ?? leafIndexExtension(index), 2);
  const timestampedEntry = concat(uint(options.timestamp ?? 1_795_000_000_000 + index, 8), entry, extensions);
  return {
    merkleTreeLeaf: concat(Uint8Array.of(0, 0), timestampedEntry),
    tileLeaf: concat(
      timestampedEntry,
      isPrecertificate ? vector(utf8(`precertificate ${index}`), 3) : new Uint8Array(),
      vector(options.fingerprints ?? sha256(issuerCertificate), 2),
    ),
  };
}
