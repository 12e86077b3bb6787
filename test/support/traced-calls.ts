import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { linesOf, withoutRandom } from './fault-injector.ts';

/** Calls of Linux that change what a file system holds, or bring it to the disk; a machine lacks those with `?`. */
const changing = [
  ...['?open', 'openat', '?openat2', '?creat', 'write', 'pwrite64', 'writev', 'pwritev', '?pwritev2'],
  ...['ftruncate', 'truncate', 'fallocate', 'copy_file_range', 'sendfile', 'fsync', 'fdatasync', 'sync_file_range'],
  ...['?rename', '?renameat', 'renameat2', '?link', 'linkat', '?symlink', 'symlinkat', '?unlink', 'unlinkat'],
  ...['?rmdir', '?mkdir', 'mkdirat', '?mknod', 'mknodat', '?chmod', 'fchmod', 'fchmodat', '?chown', 'fchown'],
  ...['fchownat', '?utime', 'utimensat', 'setxattr', 'fsetxattr', 'io_uring_setup'],
];

export interface TracedRun {
  /** The calls below the directory, as the kernel saw them, in the form of `FaultInjector.disarm`. */
  readonly calls: readonly string[];
  readonly stdout: string;
}

/** Runs a program under strace. Fails where there is none. */
export async function traceCalls(
  [file, ...args]: readonly [string, ...string[]],
  options: { readonly directory: string; readonly log: string; readonly environment: Readonly<Record<string, string>> },
): Promise<TracedRun> {
  // What is written is cut off: only where counts. What is preloaded is for the program, not for strace.
  const preload = Object.entries(options.environment).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  const trace = ['-f', '-y', '-s', '0', '-o', options.log, '-e', `trace=${changing.join(',')}`, ...preload];
  const { stdout } = await promisify(execFile)('strace', [...trace, file, ...args]);
  const lines = linesOf(await readFile(options.log, 'utf8'));
  return { calls: lines.flatMap((line) => callOf(line, options.directory)), stdout };
}

/** One line is e.g. `4711 link("/tmp/x/.a.tmp", "/tmp/x/a") = 0`; a call that another interrupts has a second one. */
function callOf(line: string, directory: string): readonly string[] {
  const [, name = '', rest = ''] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
  const paths = [...rest.matchAll(/[<"](\/[^">]*)[">]/g)].map(([, path = '']) => path);
  const path = paths.findLast((each) => each.startsWith(`${directory}/`));
  if (path === undefined) return [];
  const plain = name.replace(/at2?$/, '');
  if (plain === 'open' && !/O_(?:CREAT|WRONLY|RDWR|TRUNC)/.test(rest)) return [];
  return [withoutRandom(`${plain} ${path.slice(directory.length + 1)}`)];
}
