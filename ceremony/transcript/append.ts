import { basename, dirname, join } from 'node:path';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { floorToSecond, formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, readFileIfPresent, replaceFile } from '../../src/core/files.ts';
import { tryLock } from '../../src/core/lock.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type Act, actProblem, formatEntry, maxLineBytes, type TranscriptEntry } from './entry.ts';
import { maxSkewMs, maxTranscriptBytes, splitTorn, type Transcript, verifyTranscript } from './transcript.ts';

export interface AppendOptions {
  /** With which the transcript must end before. @default not compared */
  readonly expectedHead?: string;
  /** How long to wait for another who appends. @default 30 000 */
  readonly waitMs?: number;
}

export interface Appended {
  readonly entry: TranscriptEntry;
  /** To be read out and kept: it stands for every byte so far. */
  readonly head: string;
  /** Where a torn end was put, if there was one. */
  readonly setAside?: string;
}

/**
 * Adds an entry to the transcript at `path`, whose chain holds, and returns once it is on disk. A crash leaves the
 * transcript with the entry or without it.
 *
 * An end without a line feed is not from us, but a copy or a disk may leave one: it is kept in a file beside the
 * transcript, and an entry `set-aside` says so before the new one. `PATH.lock` stays where it is, and is empty.
 * @throws CER_TRANSCRIPT_ENTRY if the entry holds what none may: control characters, too much text
 * @throws CER_CLOCK_WENT_BACK if it is older than the last by more than five minutes; less is noted in the entry
 * @throws CER_TRANSCRIPT_EDITED, CER_TRANSCRIPT_HEAD, CER_BUSY, CORE_FILE_WRITE
 */
export async function appendEntry(path: string, act: Act, options: AppendOptions = {}): Promise<Appended> {
  const problem = actProblem(act);
  if (problem !== undefined) throw refused(path, problem);
  const lock = await waitFor(() => tryLock(`${path}.lock`), {
    what: `the lock of ${path}`,
    timeoutMs: options.waitMs ?? 30_000,
  }).catch((cause: unknown) => {
    throw cause instanceof ToolkitError && cause.code === 'CORE_TIMEOUT' ? busy(path, cause) : cause;
  });
  try {
    return await appendLocked(path, act, options.expectedHead);
  } finally {
    lock.release();
  }
}

async function appendLocked(path: string, act: Act, expectedHead: string | undefined): Promise<Appended> {
  const bytes = (await readFileIfPresent(path, maxTranscriptBytes)) ?? new Uint8Array();
  const { intact, torn } = splitTorn(bytes);
  const before = verifyTranscript({ bytes: intact, ...(expectedHead !== undefined && { head: expectedHead }) });
  const aside = torn.length === 0 ? undefined : asideOf(path, torn);
  const acts = [...(aside ? [setAside(act, aside)] : []), act];
  const { transcript, lines } = extend(path, before, acts);
  if (aside) await createFile(aside.path, torn);
  await replaceFile(path, concat(intact, ...lines));
  const entry = transcript.entries.at(-1) as TranscriptEntry;
  return { entry, head: transcript.head, ...(aside && { setAside: aside.path }) };
}

function extend(
  path: string,
  before: Transcript,
  acts: readonly Act[],
): { readonly transcript: Transcript; readonly lines: readonly Uint8Array[] } {
  let transcript = before;
  const lines: Uint8Array[] = [];
  for (const act of acts) {
    const { head, entries, digests } = transcript;
    const entry = { ...sorted(onTime(path, act, entries.at(-1))), seq: entries.length + 1, previous: head };
    const line = formatEntry(entry);
    const problem =
      actProblem(entry) ?? (utf8(line).length > maxLineBytes ? `more than ${maxLineBytes} bytes` : undefined);
    if (problem !== undefined) throw refused(path, problem);
    const digest = sha256Hex(line);
    transcript = { entries: [...entries, entry], digests: [...digests, digest], head: digest };
    lines.push(utf8(`${line}\n`));
  }
  return { transcript, lines };
}

/** A small skew is told, and the time stays as the actor's clock had it. */
function onTime(path: string, act: Act, last: TranscriptEntry | undefined): Act {
  const at = floorToSecond(act.at);
  const behindMs = last ? last.at.getTime() - at.getTime() : 0;
  if (behindMs <= 0) return { ...act, at };
  if (behindMs > maxSkewMs) {
    const [now, before] = [formatInstant(at), formatInstant(last?.at ?? at)];
    throw new ToolkitError('CER_CLOCK_WENT_BACK', {
      message: `${path}: expected a time after its last entry of ${before}, got ${now}`,
      fault: 'environment',
      data: { path, now, before },
      hint: 'set the clock first; if the last entry was made by a wrong clock, wait until its time has passed',
    });
  }
  const skew = `the clock is ${behindMs / 1_000} s behind the entry before`;
  return { ...act, at, note: act.note === undefined ? skew : `${act.note}; ${skew}` };
}

/** So that who lists the same files writes the same line. */
function sorted(act: Act): Act {
  const inOrder = (files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...act, inputs: inOrder(act.inputs), outputs: inOrder(act.outputs) };
}

interface Aside {
  readonly path: string;
  readonly sha256: string;
  readonly length: number;
}

function asideOf(path: string, torn: Uint8Array): Aside {
  const sha256 = sha256Hex(torn);
  const name = `${basename(path)}.torn-${sha256.slice(0, 8)}`;
  return { path: join(dirname(path), name), sha256, length: torn.length };
}

function setAside({ at, actor, tool }: Act, aside: Aside): Act {
  const note = `the transcript ended in the middle of a line; its last ${aside.length} bytes were set aside`;
  return { at, actor, tool, verb: 'set-aside', inputs: {}, outputs: { [basename(aside.path)]: aside.sha256 }, note };
}

function refused(path: string, problem: string): ToolkitError {
  return new ToolkitError('CER_TRANSCRIPT_ENTRY', {
    message: `${path}: cannot take the entry: ${problem}`,
    fault: 'input',
    data: { path, problem },
    hint: 'say it in one line of plain text, and shorter; what is long belongs in a file that the entry names',
  });
}

function busy(path: string, cause: unknown): ToolkitError {
  return new ToolkitError('CER_BUSY', {
    message: `${path}: someone else is writing to it`,
    fault: 'environment',
    data: { path },
    hint: 'try again when they are done; nothing was written',
    cause,
  });
}
