import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { ToolkitError } from '../core/error.ts';

/** Where the tools that belong to an operating system are, for programs that no user chooses. */
export const systemPath = '/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin';

/**
 * Returns the absolute path of the first executable file `name` in the directories of `pathVariable`, a PATH.
 * Entries that are not absolute are skipped: they would run whatever lies in the current directory.
 */
export async function findProgram(name: string, pathVariable: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
  if (name === '' || name.includes('/')) return undefined;
  for (const directory of pathVariable.split(delimiter).filter(isAbsolute)) {
    const candidate = join(directory, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/**
 * Like `findProgram`, for a program that has to be there.
 * @throws PROC_NOT_FOUND
 */
export async function requireProgram(name: string, pathVariable: string): Promise<string> {
  const found = await findProgram(name, pathVariable);
  if (found !== undefined) return found;
  throw new ToolkitError('PROC_NOT_FOUND', {
    message: isAbsolute(name)
      ? `${name}: expected an executable file`
      : `${name}: no such program on PATH (${pathVariable || 'which is empty'})`,
    fault: 'environment',
    data: { program: name },
    hint: `install ${name}, or correct PATH`,
  });
}

/** True if `path` is a file that this user may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
