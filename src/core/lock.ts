import { DatabaseSync } from 'node:sqlite';
import { isError, ToolkitError } from './error.ts';

/** Held until `release`, or until the process ends in any way. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of `path`, or returns `undefined` if another process (or another call of this one) holds it.
 *
 * Node has no flock(2); an exclusive transaction on an empty SQLite file is the same thing: the kernel
 * drops it with the process, so a `kill -9` leaves no stale lock and no pid has to be guessed at.
 */
export function tryLock(path: string): Lock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // A journal on disk would make the lock fail where the disk is full.
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    // Where it may not write, SQLite opens the file for reading and shares what it was asked to hold alone: no change
    // can begin then. This one never ends, so that nothing is ever written.
    database.exec('PRAGMA user_version = 1');
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) return undefined;
    throw new ToolkitError('CORE_LOCK', {
      message: `${path}: cannot be locked`,
      fault: 'environment',
      data: { path },
      hint: 'make sure that you may write there; free some space if the disk is full',
      cause,
    });
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return isError(error) && (error as Error & { errcode?: number }).errcode === sqliteBusy;
}
