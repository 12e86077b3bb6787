import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { isErrno, ToolkitError } from '../core/error.ts';
import { diskFullHint, isDiskFull, privateFileMode } from '../core/files.ts';
import { printable } from '../core/printable.ts';

/** A log that is larger when its program starts is set aside as `.1`, in the place of an older one. */
export const maxLogBytes = 50 << 20;

/**
 * Opens a log to append to, readable by this user alone. Logs of servers hold e-mail addresses.
 * @throws PROC_LOG if the file cannot be opened
 */
export async function openLog(path: string, maxBytes = maxLogBytes): Promise<FileHandle> {
  try {
    if ((await sizeOf(path)) > maxBytes) await rename(path, `${path}.1`);
    return await open(path, 'a', privateFileMode);
  } catch (cause) {
    throw new ToolkitError('PROC_LOG', {
      message: `${path}: the log cannot be opened`,
      fault: 'environment',
      data: { path },
      ...(isDiskFull(cause) && { hint: diskFullHint }),
      cause,
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}

export interface TailOptions {
  /** @default 20 */
  readonly maxLines?: number;
  /** Where this run's part of the log begins. @default 0 */
  readonly fromByte?: number;
  /** @default 16 KiB */
  readonly maxBytes?: number;
}

/**
 * Returns the last lines of a log, or `''` where there is none. The text is safe to show on a terminal: servers log
 * what strangers send them.
 */
export function readTail(path: string, options: TailOptions = {}): string {
  const lines = readEnd(path, options).split('\n').map(printable);
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-(options.maxLines ?? 20)).join('\n');
}

function readEnd(path: string, options: TailOptions): string {
  const maxBytes = options.maxBytes ?? 16 << 10;
  return readPart(path, (size) => ({ start: Math.max(options.fromByte ?? 0, size - maxBytes, 0), maxBytes }));
}

function readPart(path: string, partOf: (size: number) => { start: number; maxBytes: number }): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const { start, maxBytes } = partOf(size);
    const buffer = Buffer.alloc(Math.min(Math.max(size - start, 0), maxBytes));
    const length = readSync(file, buffer, 0, buffer.length, start);
    return buffer.subarray(0, length).toString();
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Returns the first bytes that a run wrote, at most 16 KiB, or `''` where there is no log. */
export function readHead(path: string, fromByte: number): string {
  return readPart(path, () => ({ start: fromByte, maxBytes: 16 << 10 }));
}
