import { concat, equalBytes, parseBase64, parseUtf8, toBase64, toHex, utf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';

export const maxNoteBytes = 65_536;
const maxNoteSignatures = 100;
export const keyHashBytes = 4;

export interface NoteSignature {
  /** Who claims to have signed: an origin, a witness. Worth nothing before it is verified. */
  readonly name: string;
  /** The key ID, 4 bytes. */
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** A signed text as it was read. Nothing in it may be believed before `verifyNote`. */
export interface Note {
  /** Ends in a newline, which is signed too. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Knows one key: its name, its ID, and whether it made a signature. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyHash: Uint8Array;
  verify(text: string, signature: Uint8Array): boolean;
}

/**
 * Parses a signed note and accepts one spelling of it: what `formatNote` writes is what was read.
 * @throws TLOG_NOTE
 * @see https://c2sp.org/signed-note
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > maxNoteBytes) throw malformed(`expected at most ${maxNoteBytes} bytes, got ${bytes.length}`);
  const document = decode(bytes);
  const end = document.lastIndexOf('\n\n');
  if (end < 0) throw malformed('expected an empty line before the signatures');
  const lines = document.slice(end + 2).split('\n');
  if (lines.pop() !== '') throw malformed('expected a newline at the end');
  if (lines.length > maxNoteSignatures) throw tooManySignatures(lines.length);
  const note = { text: document.slice(0, end + 1), signatures: lines.map(parseSignatureLine) };
  if (!equalBytes(formatNote(note), bytes)) throw malformed('expected its only spelling');
  return note;
}

/**
 * Writes a signed note.
 * @throws TLOG_NOTE if it is none that `parseNote` would accept
 * @see https://c2sp.org/signed-note
 */
export function formatNote(note: Note): Uint8Array {
  assertText(note.text);
  if (note.signatures.length === 0) throw malformed('expected a signature');
  if (note.signatures.length > maxNoteSignatures) throw tooManySignatures(note.signatures.length);
  const bytes = utf8(`${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`);
  if (bytes.length > maxNoteBytes) throw malformed(`expected at most ${maxNoteBytes} bytes, got ${bytes.length}`);
  return bytes;
}

/**
 * Returns the signature that the verifier's key made. Signatures of other keys are ignored, as the specification asks;
 * if the key is named more than once, each of its signatures must verify.
 * @throws TLOG_SIGNATURE
 */
export function verifyNote(note: Note, verifier: NoteVerifier): NoteSignature {
  const own = note.signatures.filter((line) => isBy(verifier, line));
  const [first] = own;
  if (first === undefined) throw unsigned(note, verifier);
  if (!own.every((line) => verifier.verify(note.text, line.signature))) throw forged(verifier);
  return first;
}

/** True if `name` may stand in a signature line, and so name a key. */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}+]+$/u.test(name) && !hasControlCharacter(name);
}

function isBy(verifier: NoteVerifier, line: NoteSignature): boolean {
  return line.name === verifier.name && equalBytes(line.keyHash, verifier.keyHash);
}

function decode(bytes: Uint8Array): string {
  try {
    return parseUtf8(bytes, 'note');
  } catch (cause) {
    throw malformed('expected UTF-8', cause);
  }
}

function parseSignatureLine(line: string, index: number): NoteSignature {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined) {
    throw malformed(`signature ${index + 1}: expected "— NAME BASE64", got ${JSON.stringify(line.slice(0, 60))}`);
  }
  const blob = decodeSignature(encoded, index);
  return { name, keyHash: blob.slice(0, keyHashBytes), signature: blob.slice(keyHashBytes) };
}

function decodeSignature(encoded: string, index: number): Uint8Array {
  try {
    return parseBase64(encoded);
  } catch (cause) {
    throw malformed(`signature ${index + 1}: expected standard base64`, cause);
  }
}

function formatSignatureLine(line: NoteSignature, index: number): string {
  if (!isKeyName(line.name)) {
    throw malformed(`signature ${index + 1}: expected a name without spaces and "+", got ${JSON.stringify(line.name)}`);
  }
  if (line.keyHash.length !== keyHashBytes || line.signature.length === 0) {
    throw malformed(`signature ${index + 1}: expected a key ID of ${keyHashBytes} bytes and a signature`);
  }
  return `— ${line.name} ${toBase64(concat(line.keyHash, line.signature))}\n`;
}

function assertText(text: string): void {
  if (!text.endsWith('\n')) throw malformed('expected a text that ends in a newline');
  if (!text.isWellFormed()) throw malformed('expected a text that UTF-8 can encode');
  if (hasControlCharacter(text)) throw malformed('expected no control character but the newline');
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}

function malformed(message: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TLOG_NOTE', {
    message: `signed note: ${message}`,
    fault: 'input',
    hint: 'it is damaged, or not of the kind that Sigstore logs write; read it again from the log',
    cause,
  });
}

function tooManySignatures(count: number): ToolkitError {
  return malformed(`expected at most ${maxNoteSignatures} signatures, got ${count}`);
}

function unsigned(note: Note, verifier: NoteVerifier): ToolkitError {
  const signers = note.signatures.map(keyIdOf);
  return new ToolkitError('TLOG_SIGNATURE', {
    message: `signed note: expected a signature by ${keyIdOf(verifier)}, got ${signers.join(', ')}`,
    fault: 'evidence',
    data: { key: keyIdOf(verifier), signers },
  });
}

function forged(verifier: NoteVerifier): ToolkitError {
  return new ToolkitError('TLOG_SIGNATURE', {
    message: `signed note: the signature by ${keyIdOf(verifier)} does not verify`,
    fault: 'evidence',
    data: { key: keyIdOf(verifier) },
  });
}

/** `NAME+hash`, as signed-note tools print a key. */
function keyIdOf(key: Pick<NoteVerifier, 'name' | 'keyHash'>): string {
  return `${key.name}+${toHex(key.keyHash)}`;
}
