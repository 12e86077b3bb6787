import { isErrno, ToolkitError } from './error.ts';
import { shellWord } from './shell.ts';

/** Returns CORE_FILE_MISSING or CORE_FILE_READ, whichever a system error on the way to `path` means. */
export function unreadable(path: string, cause: unknown): ToolkitError {
  // That there is none is all that the system says too; of a file where a directory should be it says more.
  if (isErrno(cause, 'ENOENT')) return missing(path);
  if (isErrno(cause, 'ENOTDIR')) return missing(path, cause);
  return new ToolkitError('CORE_FILE_READ', {
    message: `${path}: cannot be read`,
    fault: 'environment',
    data: { path },
    hint: notAllowed(cause, 'read', path) ?? `see what it is, and who may read it: ls -ld ${shellWord(path)}`,
    cause,
  });
}

/** Returns what to do where the permissions that Node was started with forbid it: of these, `ls` says nothing. */
export function notAllowed(cause: unknown, access: 'read' | 'write', path: string): string | undefined {
  if (!isErrno(cause, 'ERR_ACCESS_DENIED')) return undefined;
  return `node was started with --permission and not with --allow-fs-${access}=${shellWord(path)}`;
}

function missing(path: string, cause?: unknown): ToolkitError {
  return new ToolkitError('CORE_FILE_MISSING', {
    message: `${path}: no such file`,
    fault: 'input',
    data: { path },
    hint: 'check each part of the path; if sigstead made the file, put it back from a backup',
    cause,
  });
}
