import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Not ours, or not code. */
const skipped = new Set(['node_modules', '.git', 'coverage', 'cdk.out', 'dist']);
const source = /\.(ts|mjs|go)$|^bin\/[^.]+$/;

/** Returns every source file of the project, by its path from the top. */
export async function readSourceTree(top: string): Promise<ReadonlyMap<string, string>> {
  const paths = (await listed(top, top)).filter((path) => source.test(path)).sort();
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(top, path), 'utf8')] as const)),
  );
}

/** Returns the TypeScript files of what is shipped, by path: no tests, benches or docs. */
export async function readProductSources(top: string): Promise<ReadonlyMap<string, string>> {
  const all = await readSourceTree(top);
  return new Map([...all].filter(([path]) => path.endsWith('.ts') && !/^(test|bench|docs|\.ci)\//.test(path)));
}

async function listed(directory: string, top: string): Promise<readonly string[]> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(({ name }) => !skipped.has(name));
  const paths = entries.map(async (entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? await listed(path, top) : [relative(top, path)];
  });
  return (await Promise.all(paths)).flat();
}
