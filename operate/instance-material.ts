import type { StateDirectory } from '../local/state.ts';
import { readFileIfPresent } from '../src/core/files.ts';
import { parseTrustMaterial, type TrustMaterial } from '../src/trust/material.ts';

const maxBytes = 1_048_576;

/** Returns the public material of a local instance, or `undefined` before its first start got that far. */
export async function readTrustMaterial(state: StateDirectory): Promise<TrustMaterial | undefined> {
  const bytes = await readFileIfPresent(state.materialFile, maxBytes);
  return bytes && parseTrustMaterial(bytes, state.materialFile);
}
