import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describeCause } from '../src/core/error.ts';
import { parseJsonObject } from '../src/core/json.ts';
import { trustFileNames } from '../src/trust/compile.ts';
import { trustedRootMessage } from '../src/trust/trusted-root.ts';
import type { Plan } from './plan.ts';

/** A bundle that somebody relies on, with what it signs: it shall go on verifying. */
export interface StoredBundle {
  readonly name: string;
  readonly artifact: Uint8Array;
  /** A Sigstore bundle, as cosign writes it. */
  readonly bundle: Uint8Array;
}

export interface RefusedBundle {
  readonly name: string;
  readonly why: string;
}

export const maxBundleBytes = 1 << 20;

/**
 * Returns the stored bundles that verify by the trusted root in force, and would not by the next: what a change of
 * trust costs. sigstore-js judges; who signed is not looked at.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT for a trusted root that cannot be read
 */
export function newlyRefused({ current, targetFiles, bundles = [] }: Plan): readonly RefusedBundle[] {
  const name = trustFileNames.trustedRoot;
  const [before, after] = [current?.targetFiles.get(name), targetFiles?.get(name)];
  if (!before || !after) return [];
  const refusedBefore = new Set(refused(bundles, before).map((bundle) => bundle.name));
  return refused(bundles, after).filter((bundle) => !refusedBefore.has(bundle.name));
}

function refused(bundles: readonly StoredBundle[], trustedRoot: Uint8Array): readonly RefusedBundle[] {
  const material = toTrustMaterial(trustedRootMessage(trustedRoot, trustFileNames.trustedRoot));
  const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
  return bundles.flatMap(({ name, artifact, bundle }) => {
    try {
      const json = parseJsonObject(bundle, { what: name, maxBytes: maxBundleBytes });
      verifier.verify(toSignedEntity(bundleFromJSON(json), Buffer.from(artifact)));
      return [];
    } catch (error) {
      return [{ name, why: describeCause(error) }];
    }
  });
}
