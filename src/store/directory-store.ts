import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ToolkitError } from '../core/error.ts';
import { createFile, diskFullHint, isDiskFull, readFileIfPresent, replaceFile } from '../core/files.ts';
import { type Lock, tryLock } from '../core/lock.ts';
import type { Store } from '../core/store.ts';
import { assertPlainPath } from './plain-path.ts';

/** Inside the directory that it guards. Paths of a store never start with a dot, so it is not one of its files. */
const lockFile = '.lock';

/**
 * A `Store` that is a directory: what a web server serves. The directory appears with the first write.
 *
 * Every write is on disk, with the names that lead to it, when its promise resolves.
 */
export class DirectoryStore implements Store {
  readonly uri: string;
  readonly directory: string;

  constructor(directory: string) {
    this.directory = resolve(directory);
    this.uri = `file:${pathToFileURL(this.directory).pathname}`;
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await readFileIfPresent(this.#resolve(path), maxBytes);
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    const file = this.#resolve(path);
    await this.#makeDirectories(dirname(file));
    try {
      await createFile(file, bytes);
    } catch (cause) {
      if (!(cause instanceof ToolkitError) || cause.code !== 'CORE_FILE_EXISTS') throw cause;
      throw new ToolkitError('STORE_EXISTS', {
        message: `${file}: already exists with other content`,
        fault: 'input',
        data: { path, store: this.uri },
        hint: 'a published file is never changed; nothing was overwritten',
        cause,
      });
    }
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const file = this.#resolve(path);
    await this.#makeDirectories(dirname(file));
    await replaceFile(file, bytes);
  }

  /**
   * Takes the right to write here, or returns `undefined` while someone else has it. Ends with the process.
   * Whoever gets it clears away what a killed writer left half-written.
   */
  async tryLock(): Promise<Lock | undefined> {
    await this.#makeDirectories(this.directory);
    const lock = tryLock(join(this.directory, lockFile));
    try {
      if (lock) await this.#sweep();
      return lock;
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  #resolve(path: string): string {
    assertPlainPath(this.uri, path);
    return join(this.directory, path);
  }

  /** Names of temporary files are those of `src/core/files.ts`; no path of a store starts with a dot. */
  async #sweep(): Promise<void> {
    for (const path of await readdir(this.directory, { recursive: true })) {
      if (/^\..+\.[0-9a-f]{16}\.tmp$/.test(basename(path))) await rm(join(this.directory, path), { force: true });
    }
  }

  /** Like `mkdir -p`, and the new names are on disk: a file in a directory that a crash forgets is lost. */
  async #makeDirectories(directory: string): Promise<void> {
    try {
      const first = await mkdir(directory, { recursive: true });
      if (first === undefined) return;
      const parent = dirname(first);
      const below = relative(parent, directory).split(sep);
      for (const depth of below.keys()) await syncDirectory(join(parent, ...below.slice(0, depth)));
    } catch (cause) {
      throw new ToolkitError('STORE_UNWRITABLE', {
        message: `${directory}: cannot be created`,
        fault: 'environment',
        data: { path: directory, store: this.uri },
        ...(isDiskFull(cause) && { hint: diskFullHint }),
        cause,
      });
    }
  }
}

/** Returns the store of a directory; nothing is created before the first write. */
export function directoryStore(path: string): DirectoryStore {
  return new DirectoryStore(path);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
