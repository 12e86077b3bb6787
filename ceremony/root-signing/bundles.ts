import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../src/core/error.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { maxTargetBytes } from '../../src/tuf/repository.ts';
import { maxBundleBytes, type StoredBundle } from '../bundles.ts';
import type { RootSigningLayout } from './layout.ts';

const ending = '.sigstore.json';

/**
 * Reads the bundles of `bundles/`: each is `NAME.sigstore.json` beside the artifact `NAME`.
 * @throws CORE_FILE_MISSING for a bundle without its artifact
 */
export async function readBundles({ bundles: directory }: RootSigningLayout): Promise<readonly StoredBundle[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(directory, error);
  });
  const stored = names.filter((name) => name.endsWith(ending)).sort();
  return await Promise.all(
    stored.map(async (file) => {
      const name = file.slice(0, -ending.length);
      const artifact = await readFileCapped(join(directory, name), maxTargetBytes);
      return { name, artifact, bundle: await readFileCapped(join(directory, file), maxBundleBytes) };
    }),
  );
}
