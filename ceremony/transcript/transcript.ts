import { formatInstant, minuteMs } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { noPrevious, parseEntry, type TranscriptEntry } from './entry.ts';

/** The largest transcript that is read: thousands of entries. */
export const maxTranscriptBytes = 16_000_000;

/** How far the clocks of those who take part may be apart. */
export const maxSkewMs = 5 * minuteMs;

export interface Transcript {
  readonly entries: readonly TranscriptEntry[];
  /** By entry, the SHA-256 of its line: what the next one names as its previous. */
  readonly digests: readonly string[];
  /** The last digest, which stands for every byte before; zeros while there is no entry. */
  readonly head: string;
}

const lineFeed = 0x0a;

/**
 * Returns the entries of a transcript whose lines are chained without a gap, and its head.
 *
 * A change of the last line, or a cut of whole lines at the end, leaves a chain that holds: only a head that is known
 * from elsewhere shows them (`verifyTranscript`).
 * @throws CER_TRANSCRIPT_EDITED, CER_TRANSCRIPT_TORN
 */
export function parseTranscript(bytes: Uint8Array): Transcript {
  if (bytes.length > maxTranscriptBytes) throw edited(1, `expected at most ${maxTranscriptBytes} bytes in all`);
  const { intact, torn } = splitTorn(bytes);
  const transcript = chainOf(intact);
  if (torn.length === 0) return transcript;
  const line = transcript.entries.length + 1;
  throw new ToolkitError('CER_TRANSCRIPT_TORN', {
    message: `transcript line ${line}: ends in the middle, after ${torn.length} bytes`,
    fault: 'evidence',
    data: { line, bytes: torn.length, head: transcript.head },
    hint: 'compare the head before it with the one that was last read out; the next entry sets the rest aside and says so',
  });
}

export interface VerifyTranscriptOptions {
  readonly bytes: Uint8Array;
  /** The head with which it must end, as it was read out or published. */
  readonly head?: string;
  /** Heads that were read out on the way, each of which an entry must have. */
  readonly passed?: readonly string[];
}

/**
 * Returns the transcript if its chain holds and it has every head that is known.
 * @throws CER_TRANSCRIPT_HEAD if it was cut at the end, or rewritten from somewhere on
 * @throws CER_TRANSCRIPT_EDITED, CER_TRANSCRIPT_TORN
 */
export function verifyTranscript({ bytes, head, passed = [] }: VerifyTranscriptOptions): Transcript {
  const transcript = parseTranscript(bytes);
  const missing = passed.find((digest) => !transcript.digests.includes(digest));
  const expected = head !== undefined && head !== transcript.head ? head : missing;
  if (expected === undefined) return transcript;
  const later = transcript.digests.length - 1 - transcript.digests.indexOf(expected);
  const known = transcript.digests.includes(expected);
  const { entries, head: got } = transcript;
  throw new ToolkitError('CER_TRANSCRIPT_HEAD', {
    message: known
      ? `transcript: expected to end with head ${expected}, got ${later} more entries after it`
      : `transcript: expected head ${expected}, got ${got} after ${entries.length} entries, and no entry with it`,
    fault: 'evidence',
    data: { expected, head: got, entries: entries.length },
    hint: known ? 'see what was added since' : 'it was cut at the end or rewritten; look for another copy',
  });
}

/** Splits off what follows the last line feed. */
export function splitTorn(bytes: Uint8Array): { readonly intact: Uint8Array; readonly torn: Uint8Array } {
  const end = bytes.lastIndexOf(lineFeed) + 1;
  return { intact: bytes.subarray(0, end), torn: bytes.subarray(end) };
}

/** Returns the transcript of whole lines. */
function chainOf(bytes: Uint8Array): Transcript {
  const entries: TranscriptEntry[] = [];
  const digests: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    const line = bytes.subarray(start, end);
    entries.push(linked(line, entries.length + 1, { entry: entries.at(-1), digest: digests.at(-1) ?? noPrevious }));
    digests.push(sha256Hex(line));
    start = end + 1;
  }
  return { entries, digests, head: digests.at(-1) ?? noPrevious };
}

interface Link {
  readonly entry: TranscriptEntry | undefined;
  readonly digest: string;
}

function linked(line: Uint8Array, seq: number, before: Link): TranscriptEntry {
  const entry = parseEntry(line);
  if (typeof entry === 'string') throw edited(seq, entry);
  if (entry.seq !== seq) throw edited(seq, `expected entry ${seq}, got ${entry.seq}`);
  if (entry.previous !== before.digest) {
    throw edited(seq, `expected the line before to be ${entry.previous}, got ${before.digest}`);
  }
  if (before.entry && before.entry.at.getTime() - entry.at.getTime() > maxSkewMs) {
    throw edited(seq, `expected a time after ${formatInstant(before.entry.at)}, got ${formatInstant(entry.at)}`);
  }
  return entry;
}

function edited(line: number, problem: string): ToolkitError {
  return new ToolkitError('CER_TRANSCRIPT_EDITED', {
    message: `transcript line ${line}: ${problem}`,
    fault: 'evidence',
    data: { line },
    hint: 'it, or a line before it, is not as it was written; compare it with another copy',
  });
}
