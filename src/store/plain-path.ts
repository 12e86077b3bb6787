import { ToolkitError } from '../core/error.ts';

/** True for a relative path of plain names with `/`: none is empty or starts with a dot, so it never climbs. */
export function isPlainPath(path: string): boolean {
  return path.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9._+@-]*$/.test(part));
}

/**
 * Passes if every store may have a file of this path.
 * @throws STORE_PATH
 */
export function assertPlainPath(uri: string, path: string): void {
  if (isPlainPath(path)) return;
  throw new ToolkitError('STORE_PATH', {
    message: `${uri}: expected a plain relative path, got ${JSON.stringify(path.slice(0, 100))}`,
    fault: 'caller',
    data: { path },
  });
}
