import { parseBase64, toHex, utf8 } from '../core/bytes.ts';
import { describeCause, ToolkitError } from '../core/error.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import type { NoteVerifier } from './note.ts';

export const maxLogEntryBytes = 1024 * 1024;

/** What Rekor v2 answers when it has logged an entry, as it was read. */
export interface LogEntry {
  readonly index: number;
  readonly logId: Uint8Array;
  /** E.g. `hashedrekord`. */
  readonly kind: string;
  readonly version: string;
  /** The bytes that are in the log. */
  readonly body: Uint8Array;
  readonly proof: {
    readonly index: number;
    readonly size: number;
    readonly rootHash: Uint8Array;
    readonly path: readonly Uint8Array[];
    /** A signed note. */
    readonly checkpoint: Uint8Array;
  };
}

declare const verified: unique symbol;

/** An entry that is in the log, by the log's own signature. Only `verifyLogEntry` makes one. */
export interface VerifiedLogEntry {
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly body: Uint8Array;
  readonly checkpoint: VerifiedCheckpoint;
  readonly [verified]: true;
}

/**
 * Parses the answer of `POST /api/v2/log/entries`.
 * @throws TLOG_ENTRY
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto (TransparencyLogEntry)
 */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  try {
    return logEntryOf(parseJson(bytes, { what: 'log entry', maxBytes: maxLogEntryBytes }));
  } catch (cause) {
    if (cause instanceof ToolkitError && cause.code === 'TLOG_ENTRY') throw cause;
    throw malformed(describeCause(cause), cause);
  }
}

/**
 * Parses a `TransparencyLogEntry` that stands inside a document, e.g. one of a bundle's `tlogEntries`.
 *
 * Fields that are not needed to verify it are ignored. As in all JSON of protocol buffers, a field with the value
 * zero may be left out.
 * @throws TLOG_ENTRY
 */
export function logEntryOf(value: Json): LogEntry {
  const entry = objectAt(value, 'entry');
  const proof = objectAt(entry['inclusionProof'], 'inclusionProof');
  const kindVersion = objectAt(entry['kindVersion'], 'kindVersion');
  return {
    index: countAt(entry, 'logIndex'),
    logId: bytesAt(objectAt(entry['logId'], 'logId')['keyId'], 'logId.keyId'),
    kind: textAt(kindVersion['kind'], 'kindVersion.kind'),
    version: textAt(kindVersion['version'], 'kindVersion.version'),
    body: bytesAt(entry['canonicalizedBody'], 'canonicalizedBody'),
    proof: {
      index: countAt(proof, 'logIndex', 'inclusionProof.'),
      size: countAt(proof, 'treeSize', 'inclusionProof.'),
      rootHash: bytesAt(proof['rootHash'], 'inclusionProof.rootHash'),
      path: listAt(proof['hashes'], 'inclusionProof.hashes'),
      checkpoint: utf8(
        textAt(objectAt(proof['checkpoint'], 'inclusionProof.checkpoint')['envelope'], 'checkpoint.envelope'),
      ),
    },
  };
}

/**
 * Returns the entry if the log signed a tree that holds it.
 *
 * Whether the log still serves that tree is another question: see `auditLog`.
 * @throws TLOG_NOTE, TLOG_CHECKPOINT, TLOG_ORIGIN, TLOG_SIGNATURE
 * @throws TLOG_ENTRY_MISMATCH if what the answer repeats differs from what is signed
 * @throws TLOG_PROOF_HASH, TLOG_PROOF_LENGTH, TLOG_INCLUSION
 */
export function verifyLogEntry(
  entry: LogEntry,
  expected: { readonly origin: string; readonly verifier: NoteVerifier },
): VerifiedLogEntry {
  const checkpoint = verifyCheckpoint(entry.proof.checkpoint, expected);
  const { keyHash } = expected.verifier;
  assertSame('logId', toHex(keyHash), toHex(entry.logId.slice(0, keyHash.length)));
  assertSame('inclusionProof.treeSize', checkpoint.size, entry.proof.size);
  assertSame('inclusionProof.rootHash', toHex(checkpoint.rootHash), toHex(entry.proof.rootHash));
  assertSame('inclusionProof.logIndex', entry.index, entry.proof.index);
  const leaf = { index: entry.index, leafHash: leafHash(entry.body) };
  verifyInclusion({ ...leaf, path: entry.proof.path }, checkpoint);
  return { ...leaf, body: entry.body, checkpoint } as VerifiedLogEntry;
}

function assertSame(field: string, expected: string | number, got: string | number): void {
  if (expected === got) return;
  throw new ToolkitError('TLOG_ENTRY_MISMATCH', {
    message: `log entry: ${field}: expected ${expected}, got ${got}`,
    fault: 'evidence',
    data: { field, expected, got },
  });
}

function objectAt(value: Json | undefined, path: string): JsonObject {
  if (!isJsonObject(value)) throw malformed(`${path}: expected an object`);
  return value;
}

function textAt(value: Json | undefined, path: string): string {
  if (typeof value !== 'string' || value === '') throw malformed(`${path}: expected a string that is not empty`);
  return value;
}

/** 64-bit numbers are strings in this JSON. */
function countAt(object: JsonObject, key: string, prefix = ''): number {
  const text = object[key] ?? '0';
  const count = Number(text);
  if (typeof text !== 'string' || !/^(0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(count)) {
    throw malformed(`${prefix}${key}: expected a decimal number below 2^53 in a string`);
  }
  return count;
}

function bytesAt(value: Json | undefined, path: string): Uint8Array {
  const text = textAt(value, path);
  try {
    return parseBase64(text, path);
  } catch (cause) {
    throw malformed(describeCause(cause), cause);
  }
}

function listAt(value: Json | undefined, path: string): readonly Uint8Array[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw malformed(`${path}: expected a list`);
  return list.map((item: Json, index) => bytesAt(item, `${path}[${index}]`));
}

function malformed(message: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TLOG_ENTRY', {
    message: `log entry: ${message}`,
    fault: 'input',
    hint: 'it is damaged, or not of the kind that Sigstore logs write; read it again from the log',
    cause,
  });
}
