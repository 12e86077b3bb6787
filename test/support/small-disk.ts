import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '../../src/core/error.ts';

/** A file system of a few hundred KiB: when it is full, it is really full. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  resize(kilobytes: number, maxFiles?: number): void;
  /** Writes until not a byte more fits. */
  fill(): Promise<void>;
  /** Removes what `fill` wrote. */
  free(): Promise<void>;
}

/** Whether this user may mount a file system; in a container often not even root may. */
export function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'sigstead-mount-'));
  try {
    mount(directory, ['size=16k']);
    unmount(directory);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const manyFiles = 10_000;

/** Mounts a file system in memory at a new directory. Nothing on it may be open when it is disposed of. */
export function smallDisk(directory: string, kilobytes: number, maxFiles = manyFiles): SmallDisk {
  mkdirSync(directory);
  mount(directory, [`size=${kilobytes}k`, `nr_inodes=${maxFiles}`]);
  const filler = join(directory, 'filler');
  return {
    path: directory,
    resize: (size, files = manyFiles) => mount(directory, ['remount', `size=${size}k`, `nr_inodes=${files}`]),
    fill: () => writeUntilFull(filler),
    free: () => rm(filler, { force: true }),
    [Symbol.asyncDispose]: async () => unmount(directory),
  };
}

function mount(directory: string, options: readonly string[]): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', directory], { stdio: 'pipe' });
}

function unmount(directory: string): void {
  execFileSync('umount', [directory], { stdio: 'pipe' });
}

async function writeUntilFull(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (const size of [1 << 20, 1 << 12]) await appendUntilFull(file, new Uint8Array(size));
  } finally {
    await file.close();
  }
}

async function appendUntilFull(file: Awaited<ReturnType<typeof open>>, block: Uint8Array): Promise<void> {
  try {
    for (;;) await file.write(block);
  } catch (error) {
    if (!isErrno(error, 'ENOSPC')) throw error;
  }
}
