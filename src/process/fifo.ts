import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { utf8 } from '../core/bytes.ts';
import { describeCause, isErrno, ToolkitError } from '../core/error.ts';
import { diskFullHint } from '../core/files.ts';
import { isOwn } from '../core/ownership.ts';
import { waitFor } from '../core/wait.ts';
import { systemPath } from './find-program.ts';
import { runProgram } from './run-program.ts';

/** What every system's pipe takes in one go. */
const maxContentBytes = 16_384;

export interface ServeFifoOptions {
  /** How long to wait for the reader. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes a named pipe (mode 0600) for `serveFifo`. One that an interrupted run left at `path` is replaced.
 *
 * The directory must be private: whoever opens the pipe first gets its content.
 * @throws PROC_FIFO if something else is at `path`, or the file system has no pipes
 */
export async function makeFifo(path: string): Promise<void> {
  if (await isFifo(path)) await rm(path);
  const { exitCode, stderr } = await runProgram({
    file: 'mkfifo',
    args: ['-m', '600', path],
    env: { PATH: systemPath, LC_ALL: 'C' },
    timeoutMs: 10_000,
  });
  if (exitCode !== 0) throw fifoError(path, `cannot be made (${stderr.trim()})`);
}

/**
 * Writes `content` once, to the first process that opens the pipe for reading, and removes the pipe: also when it
 * fails, so that no later reader waits for ever.
 *
 * @throws CORE_TIMEOUT if nobody opens it in time
 * @throws PROC_FIFO if the pipe is missing, the reader goes away early, or `content` is over 16 KiB
 * @throws PROC_FIFO (evidence) if what is at `path` is no pipe that this user alone can open, or is replaced
 * @throws the reason of `signal` if that is aborted
 */
export async function serveFifo(path: string, content: string | Uint8Array, options: ServeFifoOptions): Promise<void> {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  const made = await ownFifo(path);
  let pipe: FileHandle | undefined;
  try {
    if (bytes.length > maxContentBytes) throw fifoError(path, `expected at most ${maxContentBytes} bytes`);
    pipe = await waitFor(() => openForReader(path, made), {
      what: `a reader of ${path}`,
      timeoutMs: options.timeoutMs,
      intervalMs: 10,
      ...(options.signal && { signal: options.signal }),
    });
    await writeWhole(pipe, bytes, path);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    await pipe?.close();
    await rm(path, { force: true });
  }
}

/**
 * Opens the pipe if somebody reads it. A blocking open would hold one of Node's four file threads until then, and
 * nothing could take it back.
 */
async function openForReader(path: string, made: Stats): Promise<FileHandle | undefined> {
  let pipe: FileHandle;
  try {
    pipe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    if (isErrno(cause, 'ENXIO')) return undefined;
    if (isErrno(cause, 'ELOOP')) throw replaced(path);
    throw fifoError(path, `cannot be opened (${describeCause(cause)})`);
  }
  const { dev, ino } = await pipe.stat();
  if (dev === made.dev && ino === made.ino) return pipe;
  await pipe.close();
  throw replaced(path);
}

async function writeWhole(pipe: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  try {
    const { bytesWritten } = await pipe.write(bytes);
    if (bytesWritten === bytes.length) return;
  } catch (cause) {
    throw fifoError(path, `the reader went away (${describeCause(cause)})`);
  }
  throw fifoError(path, 'the pipe took a part of the content only');
}

/** A pipe that somebody else made, or can open, would hand them the content. */
async function ownFifo(path: string): Promise<Stats> {
  const status = await statusOf(path);
  if (!status) throw fifoError(path, 'expected a named pipe');
  if (status.isFIFO() && isOwn(status) && (status.mode & 0o777) === 0o600) return status;
  throw foreign(path, 'expected a named pipe that this user alone can open');
}

async function isFifo(path: string): Promise<boolean> {
  return (await statusOf(path))?.isFIFO() ?? false;
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function replaced(path: string): ToolkitError {
  return foreign(path, 'expected the named pipe that was made, got another');
}

function foreign(path: string, problem: string): ToolkitError {
  return new ToolkitError('PROC_FIFO', {
    message: `${path}: ${problem}`,
    fault: 'evidence',
    data: { path },
    hint: 'somebody else can write to its directory; nothing was handed over',
  });
}

function fifoError(path: string, problem: string): ToolkitError {
  return new ToolkitError('PROC_FIFO', {
    message: `${path}: ${problem}`,
    fault: 'environment',
    data: { path },
    // The words of mkfifo in the C locale.
    ...(/No space left|Disk quota/.test(problem) && { hint: diskFullHint }),
  });
}
