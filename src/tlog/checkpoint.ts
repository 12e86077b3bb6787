import { parseBase64, toBase64 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { hashBytes, type TreeHead } from './merkle.ts';
import { type Note, type NoteVerifier, parseNote, verifyNote } from './note.ts';

/** What a log says of itself. Unsigned: see `VerifiedCheckpoint`. */
export interface Checkpoint extends TreeHead {
  readonly origin: string;
  /** Opaque lines, e.g. that a shard is frozen. */
  readonly extensions: readonly string[];
}

declare const verified: unique symbol;

/** A checkpoint whose origin and signature were checked. Only `verifyCheckpoint` makes one. */
export type VerifiedCheckpoint = Checkpoint & {
  readonly note: Note;
  /** The log's own signature. */
  readonly signature: Uint8Array;
  readonly [verified]: true;
};

/** Where every log serves its checkpoint. */
export const checkpointPath = 'checkpoint';

/**
 * Returns the checkpoint in a signed note if `expected.verifier` made its signature and it is of the expected log.
 *
 * It says nothing about whether the log serves what it signed: see `auditLog`.
 * @throws TLOG_NOTE, TLOG_CHECKPOINT
 * @throws TLOG_ORIGIN if it is another log's – evidence of a mix-up or a replay
 * @throws TLOG_SIGNATURE
 * @see https://c2sp.org/tlog-checkpoint
 */
export function verifyCheckpoint(
  bytes: Uint8Array,
  expected: { readonly origin: string; readonly verifier: NoteVerifier },
): VerifiedCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== expected.origin) throw wrongOrigin(expected.origin, checkpoint.origin);
  const { signature } = verifyNote(note, expected.verifier);
  return { ...checkpoint, note, signature } as VerifiedCheckpoint;
}

/**
 * Parses a checkpoint's text, and accepts one spelling of it.
 * @throws TLOG_CHECKPOINT
 * @see https://c2sp.org/tlog-checkpoint
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, rootHash, ...rest] = text.split('\n');
  if (origin === undefined || size === undefined || rootHash === undefined || rest.length === 0) {
    throw malformed('expected the lines origin, size and root hash');
  }
  const checkpoint = {
    origin,
    size: parseSize(size),
    rootHash: parseRootHash(rootHash),
    extensions: rest.slice(0, -1),
  };
  if (formatCheckpoint(checkpoint) !== text) throw malformed('expected a newline at the end of the last line');
  return checkpoint;
}

/**
 * Writes a checkpoint's text, the part that is signed.
 * @throws TLOG_CHECKPOINT
 */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, rootHash, extensions } = checkpoint;
  if (!isSize(size)) throw malformed(`size: expected a number below 2^53, got ${size}`);
  if (rootHash.length !== hashBytes) throw malformed(`root hash: expected 32 bytes, got ${rootHash.length}`);
  const lines = [origin, String(size), toBase64(rootHash), ...extensions];
  lines.forEach((line, index) => {
    if (line === '' || line.includes('\n')) throw malformed(`line ${index + 1}: expected one line that is not empty`);
  });
  return `${lines.join('\n')}\n`;
}

function parseSize(text: string): number {
  const size = Number(text);
  if (String(size) === text && isSize(size)) return size;
  throw malformed(`size: expected a decimal number below 2^53, got ${JSON.stringify(text.slice(0, 40))}`);
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

function parseRootHash(text: string): Uint8Array {
  try {
    return parseBase64(text, 'root hash');
  } catch (cause) {
    throw malformed('root hash: expected standard base64', cause);
  }
}

function malformed(message: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TLOG_CHECKPOINT', {
    message: `checkpoint: ${message}`,
    fault: 'input',
    hint: 'it is damaged, or not of the kind that Sigstore logs write; read it again from the log',
    cause,
  });
}

function wrongOrigin(expected: string, got: string): ToolkitError {
  return new ToolkitError('TLOG_ORIGIN', {
    message: `checkpoint: expected origin ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`,
    fault: 'evidence',
    data: { expected, got },
  });
}
