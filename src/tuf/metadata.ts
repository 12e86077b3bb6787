import { sha256Hex } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import { canonicalize } from './canonical-json.ts';
import { type Documents, parseDocument } from './document.ts';
import { arrayAt, objectAt, stringAt, uniqueAt } from './fields.ts';
import { maxMetadataBytes, type RoleName } from './layout.ts';
import { parseStrictJson } from './strict-json.ts';

export interface MetadataSignature {
  readonly keyid: string;
  /** Hexadecimal; empty where a holder's place was left open. */
  readonly sig: string;
}

export interface Envelope {
  /** The file as it was read; what a published copy must equal. */
  readonly bytes: Uint8Array;
  /** The bytes that signatures are made over. */
  readonly canonical: Uint8Array;
  /** SHA-256 of `canonical`, which people compare; not that of the file. */
  readonly canonicalSha256: string;
  readonly signatures: readonly MetadataSignature[];
}

export type ParsedMetadata<Role extends RoleName = RoleName> = Documents[Role] & Envelope;
export type RootMetadata = ParsedMetadata<'root'>;
export type TargetsMetadata = ParsedMetadata<'targets'>;
export type SnapshotMetadata = ParsedMetadata<'snapshot'>;
export type TimestampMetadata = ParsedMetadata<'timestamp'>;

/**
 * Parses one file of TUF metadata strictly and without loss. Its signatures are *not* verified:
 * see `verifyThreshold`.
 * @throws TUF_METADATA, TUF_CANONICAL, CORE_JSON, CORE_TIME
 * @throws CORE_TOO_LARGE above the size that clients accept
 */
export function parseMetadata<Role extends RoleName>(bytes: Uint8Array, role: Role): ParsedMetadata<Role> {
  const file = parseStrictJson(bytes, { what: role, maxBytes: maxMetadataBytes[role] });
  const signed = objectAt(file['signed'], `${role}: signed`);
  const signatures = arrayAt(file['signatures'], `${role}: signatures`).map((value, index) => {
    const entry = objectAt(value, `${role}: signatures[${index}]`);
    return {
      keyid: stringAt(entry['keyid'], `${role}: signatures[${index}].keyid`),
      sig: stringAt(entry['sig'], `${role}: signatures[${index}].sig`),
    };
  });
  // TUF §4.2: a client that met a key id twice could count one signature as two.
  uniqueAt(
    signatures.map(({ keyid }) => keyid),
    `${role}: signatures`,
  );
  const canonical = canonicalize(signed);
  return { ...parseDocument(signed, role), bytes, canonical, canonicalSha256: sha256Hex(canonical), signatures };
}

/** Formats a metadata file. Write it once: clients compare hashes of the file, not of its meaning. */
export function formatMetadata(signed: JsonObject, signatures: readonly MetadataSignature[]): string {
  return `${JSON.stringify({ signatures, signed }, null, 2)}\n`;
}
