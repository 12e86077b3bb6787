import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resources } from './quantities.ts';

/** Reads the templates of a directory that `cdk synth` wrote, those of stages in it too. */
export async function readAssembly(directory: string): Promise<readonly Resources[]> {
  const files = (await readdir(directory, { recursive: true }))
    .filter((file) => file.endsWith('.template.json'))
    .toSorted();
  if (files.length === 0)
    throw new Error(`${directory}: expected templates, found none: cdk synth --output ${directory}`);
  return await Promise.all(
    files.map(async (file) => {
      const template = JSON.parse(await readFile(join(directory, file), 'utf8')) as { Resources?: Resources };
      return template.Resources ?? {};
    }),
  );
}
