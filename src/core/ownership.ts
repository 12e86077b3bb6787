import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { ToolkitError } from './error.ts';
import { shellWord } from './shell.ts';
import { unreadable } from './unreadable.ts';

/** Write permission of group and others. */
const foreignWrite = 0o022;

/**
 * Returns if `path` is a directory of this user that nobody else can write to. Whoever can write to a directory chooses
 * what is in it: keys that are read, programs that are run. A link is refused too, because its target may change.
 *
 * Call it for each directory that others could have made; below one of ours they can make none.
 * @param hint what to do instead, where the permissions of a directory are not the user's to think about
 * @throws CORE_OWNER if it is another user's, others can write to it, or it is no directory
 * @throws CORE_FILE_MISSING, CORE_FILE_READ
 */
export async function assertOwnDirectory(path: string, hint?: string): Promise<void> {
  const status = await statusOf(path);
  if (status.isDirectory()) assertOwnStatus(path, status, hint);
  else throw owner(path, 'expected a directory, got something else (a link is none)', status, hint);
}

/** True if `path` is a directory of this user (see `assertOwnDirectory`), false if there is nothing. */
export async function hasOwnDirectory(path: string, hint?: string): Promise<boolean> {
  try {
    await assertOwnDirectory(path, hint);
    return true;
  } catch (error) {
    if (error instanceof ToolkitError && error.code === 'CORE_FILE_MISSING') return false;
    throw error;
  }
}

/**
 * Returns if `path` is a plain file of this user that nobody else can write to. The directories above it are the
 * caller's to check.
 * @throws CORE_OWNER, CORE_FILE_MISSING, CORE_FILE_READ
 */
export async function assertOwnFile(path: string, hint?: string): Promise<void> {
  const status = await statusOf(path);
  if (status.isFile()) assertOwnStatus(path, status, hint);
  else throw owner(path, 'expected a file, got something else (a link is none)', status, hint);
}

/**
 * Returns if what `status` describes is this user's.
 * @throws CORE_OWNER
 */
export function assertOwner(path: string, status: Stats, hint?: string): void {
  if (!isOwn(status)) throw owner(path, `expected a file of user ${currentUser()}`, status, hint);
}

/** True if what `status` describes is this user's. */
export function isOwn(status: Stats): boolean {
  return status.uid === currentUser();
}

function assertOwnStatus(path: string, status: Stats, hint: string | undefined): void {
  if (!isOwn(status)) throw owner(path, `belongs to another user, expected ${currentUser()}`, status, hint);
  if ((status.mode & foreignWrite) !== 0) throw owner(path, 'others can write to it', status, hint);
}

/** Where a system has no users, every file has the number 0. */
function currentUser(): number {
  return process.geteuid?.() ?? 0;
}

async function statusOf(path: string): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function owner(path: string, problem: string, { uid, mode }: Stats, hint: string | undefined): ToolkitError {
  const text = `0${(mode & 0o7777).toString(8)}`;
  return new ToolkitError('CORE_OWNER', {
    message: `${path}: ${problem} (owner ${uid}, mode ${text})`,
    fault: 'input',
    data: { path, uid, mode: text },
    hint:
      hint ??
      `name another path; or, if all that is in it is yours, make it yours alone: chmod go-w ${shellWord(path)}`,
  });
}
