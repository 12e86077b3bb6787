import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { concat, equalBytes, toHex } from './bytes.ts';
import { isErrno, ToolkitError } from './error.ts';
import { assertOwnDirectory, assertOwner } from './ownership.ts';
import { shellWord } from './shell.ts';
import { notAllowed, unreadable } from './unreadable.ts';

/** Modes of what only this user may read. */
export const privateFileMode = 0o600;
const privateDirMode = 0o700;

/** What to do about an error that `isDiskFull` knows. */
export const diskFullHint = 'free some space and run the same command again; nothing half-written was left';

/** True if the system refused to write because there is no room: no block, no file, or nothing left of a quota. */
export function isDiskFull(error: unknown): boolean {
  return isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT');
}

export interface WriteOptions {
  /** @default 0o644 */
  readonly mode?: number;
}

/**
 * Writes a new file and returns once its bytes and its name are on disk. A crash leaves the whole file or none.
 *
 * A file that is already there with the same bytes is left alone, so that an interrupted run can be repeated.
 * @throws CORE_FILE_EXISTS if other bytes are there: nothing is overwritten
 * @throws CORE_FILE_WRITE if the disk refuses (full, read-only, permissions)
 */
export async function createFile(path: string, bytes: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
  const content = asBytes(bytes);
  await writing(path, async () => {
    const temporary = await writeTemporary(path, content, options);
    try {
      // link(2) fails where the name is taken; rename(2) would replace it.
      await link(temporary, path);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      if (!(await hasBytes(path, content))) throw exists(path);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(dirname(path));
  });
}

/**
 * Replaces a file (or creates it) in one step: a reader, or a crash, sees the old bytes or the new ones.
 * @throws CORE_FILE_WRITE
 */
export async function replaceFile(path: string, bytes: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
  await writing(path, async () => {
    const temporary = await writeTemporary(path, asBytes(bytes), options);
    try {
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  });
}

/**
 * Reads a file of at most `maxBytes` bytes.
 * @throws CORE_FILE_MISSING, CORE_NOT_A_FILE, CORE_TOO_LARGE, CORE_FILE_READ
 */
export async function readFileCapped(path: string, maxBytes: number): Promise<Uint8Array> {
  return await reading(path, async (file) => await readAll(file, path, maxBytes));
}

/** Reads a file (see `readFileCapped`), or returns `undefined` where there is none. */
export async function readFileIfPresent(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readFileCapped(path, maxBytes);
  } catch (error) {
    if (error instanceof ToolkitError && error.code === 'CORE_FILE_MISSING') return undefined;
    throw error;
  }
}

/**
 * Reads a file that holds a secret, and refuses one that others can read or have made.
 * @throws CORE_OWNER if it is another user's: they know the secret, or chose it
 * @throws CORE_SECRET_MODE if group or others have any permission
 */
export async function readSecretFile(path: string, maxBytes = 65_536): Promise<Uint8Array> {
  return await reading(path, async (file) => {
    const status = await file.stat();
    assertOwner(path, status, 'whoever owns it knows the secret; use one that you made yourself');
    if ((status.mode & 0o077) !== 0) throw readable(path, status.mode & 0o777);
    return await readAll(file, path, maxBytes);
  });
}

/**
 * Creates a directory (with its parents) that only this user can enter. One that is there is left as it is, if it is
 * this user's and nobody else can write to it.
 * @throws CORE_OWNER, CORE_FILE_WRITE
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  await makeDirectory(path);
  await assertOwnDirectory(path);
}

/**
 * Like `makePrivateDirectory`, but takes a directory that is there whoever can write to it: for what is no secret, in a
 * place that the user named.
 * @throws CORE_FILE_WRITE
 */
export async function makeDirectory(path: string): Promise<void> {
  await writing(path, async () => {
    await mkdir(path, { recursive: true, mode: privateDirMode });
  });
}

/**
 * Removes a file, if there is one.
 * @throws CORE_FILE_WRITE
 */
export async function removeFile(path: string): Promise<void> {
  await writing(path, async () => await rm(path, { force: true }));
}

/**
 * Makes a new directory for what is soon forgotten, in the system's place for such. The caller removes it.
 * @throws CORE_FILE_WRITE
 */
export async function makeScratchDirectory(name: string): Promise<string> {
  const prefix = join(tmpdir(), `${name}-`);
  return await writing(prefix, async () => await mkdtemp(prefix));
}

/**
 * True if anything has this name, even a link that leads nowhere.
 * @throws CORE_FILE_READ if the system does not tell
 */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false;
    throw unreadable(path, error);
  }
}

async function writeTemporary(path: string, bytes: Uint8Array, options: WriteOptions): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${toHex(randomBytes(8))}.tmp`);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return temporary;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A pipe, a directory and a link that leads nowhere have other content. */
async function hasBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return await reading(path, async (file) => {
      const { size } = await file.stat();
      return size === bytes.length && equalBytes(await file.readFile(), bytes);
    });
  } catch (error) {
    const codes: readonly string[] = ['CORE_FILE_MISSING', 'CORE_NOT_A_FILE'];
    if (error instanceof ToolkitError && codes.includes(error.code)) return false;
    throw error;
  }
}

async function readAll(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length <= maxBytes; ) {
    const buffer = new Uint8Array(Math.min(maxBytes + 1 - length, 1 << 16));
    const { bytesRead } = await file.read(buffer);
    if (bytesRead === 0) return concat(...chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw new ToolkitError('CORE_TOO_LARGE', {
    message: `${path}: expected at most ${maxBytes} bytes`,
    fault: 'input',
    data: { path, maxBytes },
    hint: 'nothing that belongs there is as large: check that it is the file that was meant',
  });
}

async function reading<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    // Whoever puts a pipe in our way must not make us wait for ever: not even a signal ends that.
    file = await open(path, constants.O_RDONLY | (isInherited(path) ? 0 : constants.O_NONBLOCK));
    if (!isInherited(path) && !(await file.stat()).isFile()) throw notAFile(path);
    return await read(file);
  } catch (cause) {
    throw cause instanceof ToolkitError ? cause : unreadable(path, cause);
  } finally {
    await file?.close();
  }
}

/** A pipe that was meant: the shell's `<(…)`, or standard input. */
function isInherited(path: string): boolean {
  return /^\/dev\/(?:stdin|fd\/\d{1,9})$/.test(path);
}

async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    const full = isDiskFull(cause);
    throw new ToolkitError('CORE_FILE_WRITE', {
      message: full ? `${path}: the disk is full` : `${path}: cannot be written`,
      fault: 'environment',
      data: { path },
      hint: full
        ? diskFullHint
        : (notAllowed(cause, 'write', dirname(path)) ??
          `see what is there, and who may write to it: ls -ld ${shellWord(dirname(path))} ${shellWord(path)}`),
      cause,
    });
  }
}

function notAFile(path: string): ToolkitError {
  return new ToolkitError('CORE_NOT_A_FILE', {
    message: `${path}: expected a file, got a directory, a pipe or a device`,
    fault: 'input',
    data: { path },
    hint: 'name a file, or give what a program prints as <(program)',
  });
}

function exists(path: string): ToolkitError {
  return new ToolkitError('CORE_FILE_EXISTS', {
    message: `${path}: already exists with other content`,
    fault: 'input',
    data: { path },
    hint: 'nothing was overwritten; move the file away if it is no longer needed',
  });
}

function readable(path: string, mode: number): ToolkitError {
  const text = `0${mode.toString(8)}`;
  return new ToolkitError('CORE_SECRET_MODE', {
    message: `${path}: holds a secret and has mode ${text}, expected 0600`,
    fault: 'input',
    data: { path, mode: text },
    hint: `others may have read it; if they cannot have, run: chmod 600 ${shellWord(path)}`,
  });
}

function asBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
}
