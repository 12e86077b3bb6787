import type { StateDirectory } from '../local/state.ts';
import { readFileCapped, readFileIfPresent } from '../src/core/files.ts';
import { parseTrustMaterial, type TrustMaterial } from '../src/trust/material.ts';

const maxBytes = 1_048_576;

/** Returns the public material of a local instance, or `undefined` before its first start got that far. */
export async function readTrustMaterial(state: StateDirectory): Promise<TrustMaterial | undefined> {
  const bytes = await readFileIfPresent(state.materialFile, maxBytes);
  return bytes && parseTrustMaterial(bytes, state.materialFile);
}

/**
 * Returns the public material of an instance that has been up.
 * @throws CORE_FILE_MISSING
 */
export async function assertTrustMaterial({ materialFile }: StateDirectory): Promise<TrustMaterial> {
  return parseTrustMaterial(await readFileCapped(materialFile, maxBytes), materialFile);
}
