import { concat, equalBytes } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { bytesOfBase45, toBase45 } from './base45.ts';

/** What a code of the largest kind holds of the characters that base45 uses (version 40, correction L). */
const maxCharacters = 4_296;
const checksumLength = 8;

/** What stands before the text, says what it is and in which version: `SIGSTEAD-P1:`. */
export type FrameKind = 'P1' | 'S1';

const named: Readonly<Record<FrameKind, string>> = { P1: 'a payload', S1: 'a signature' };

/**
 * Returns `content` as the text of one QR code: a prefix, and base45 of a checksum and the content.
 *
 * Scanners of phones hand over text, and mend what they think is broken in bytes. Text of this alphabet arrives as it
 * was, takes 3 % more room than bytes, and can be typed by a scanner that is plugged in like a keyboard.
 * @throws CER_QR_TOO_LARGE
 */
export function frame(kind: FrameKind, content: Uint8Array): string {
  const text = prefixOf(kind) + toBase45(concat(checksumOf(content), content));
  if (text.length <= maxCharacters) return text;
  throw new ToolkitError('CER_QR_TOO_LARGE', {
    message: `expected ${named[kind]} of at most ${maxCharacters} characters for one QR code, got ${text.length}`,
    fault: 'input',
    data: { characters: text.length, maxCharacters },
    hint: 'let it travel as a packet file',
  });
}

/**
 * Returns the content of a text that `frame` made. The checksum finds damage, not malice: whoever changes the content
 * can make a new one.
 * @throws CER_QR_DAMAGED
 */
export function unframe(kind: FrameKind, text: string): Uint8Array {
  if (text.length > maxCharacters) throw damaged(kind, `expected at most ${maxCharacters} characters`);
  const prefix = prefixOf(kind);
  if (!text.startsWith(prefix)) throw damaged(kind, `expected a text that begins with ${prefix}`);
  const bytes = bytesOfBase45(text.slice(prefix.length));
  if (!bytes) throw damaged(kind, 'expected base45 after the prefix');
  const content = bytes.subarray(checksumLength);
  if (!equalBytes(bytes.subarray(0, checksumLength), checksumOf(content))) {
    throw damaged(kind, 'its checksum does not fit its content');
  }
  return content;
}

/** The error of a text that is not what was meant, or not what was shown. */
export function damaged(kind: FrameKind, problem: string, cause?: unknown): ToolkitError {
  return new ToolkitError('CER_QR_DAMAGED', {
    message: `QR code of ${named[kind]}: ${problem}`,
    fault: 'input',
    data: { kind },
    hint: 'scan the right code again, all of it; if that does not help, let it travel as a file',
    cause,
  });
}

function prefixOf(kind: FrameKind): string {
  return `SIGSTEAD-${kind}:`;
}

function checksumOf(content: Uint8Array): Uint8Array {
  return sha256(content).subarray(0, checksumLength);
}
