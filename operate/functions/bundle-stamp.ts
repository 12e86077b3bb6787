import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { utf8 } from '../../src/core/bytes.ts';
import { replaceFile } from '../../src/core/files.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

/** How a bundle is made, and which versions are installed: neither is among what esbuild says that it read. */
const always = ['package-lock.json', 'operate/functions/bundle.ts', 'operate/functions/bundle-stamp.ts'];

/**
 * Says whether the bundles are those of the sources as they are now: every file that went into them, and every file
 * that came out, has the bytes that it had then. Bundling takes longer than all the rest of making the stacks.
 */
export async function isBundled(stamp: string): Promise<boolean> {
  const known = await readFile(stamp, 'utf8').catch(() => undefined);
  if (known === undefined) return false;
  const files = JSON.parse(known) as Readonly<Record<string, string>>;
  const now = await digestsOf(Object.keys(files)).catch(() => undefined);
  return JSON.stringify(now) === JSON.stringify(files);
}

/** Remembers what was bundled from what, as the metafile of esbuild beside the stamp says. */
export async function writeStamp(stamp: string, outputs: readonly string[]): Promise<void> {
  const metafile = await readFile(join(dirname(stamp), 'metafile.json'), 'utf8');
  const { inputs } = JSON.parse(metafile) as { readonly inputs: Readonly<Record<string, unknown>> };
  const files = [...always, ...Object.keys(inputs)].map((file) => join(top, file));
  await replaceFile(stamp, utf8(JSON.stringify(await digestsOf([...files, ...outputs]))));
}

async function digestsOf(files: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const digests = files.map(async (file) => [
    file,
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(digests)) as Record<string, string>;
}
