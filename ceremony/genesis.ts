import type { KeyObject } from 'node:crypto';
import type { RootPolicy } from '../src/config/root-policy.ts';
import { equalBytes } from '../src/core/bytes.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { JsonObject } from '../src/core/json.ts';
import type { Signer } from '../src/core/signer.ts';
import type { Store } from '../src/core/store.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import { maxMetadataBytes, metadataPath, timestampPath } from '../src/tuf/layout.ts';
import { parseMetadata, type RootMetadata } from '../src/tuf/metadata.ts';
import type { VerifiedRepository } from '../src/tuf/repository.ts';
import { assemble, type SignedMetadata } from './assemble.ts';
import { publishChange } from './change.ts';
import { rootDocument } from './documents.ts';
import { freeze } from './freeze.ts';
import { exclusively } from './lock.ts';
import { freeVersion } from './online.ts';
import { planGenesis } from './plan.ts';
import { type PayloadSignature, signPlan } from './sign.ts';

export interface GenesisOptions {
  readonly policy: RootPolicy;
  /** The holders who sign today, by id: at least the threshold of root and of targets. */
  readonly holders: ReadonlyMap<string, Signer>;
  /** Public keys of the policy's other holders, who are listed in the root all the same. @default none */
  readonly absent?: ReadonlyMap<string, KeyObject>;
  readonly online: Signer;
  /** Contents by name, e.g. `trusted_root.json`. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** Where the repository is published. Nothing may be published there yet. */
  readonly store: Store;
  readonly now: Date;
}

/**
 * Makes and publishes the first root of trust: plan, freeze, sign, assemble, verify with two clients, publish, and
 * verify what was published. The root carries exactly the signatures of `holders`.
 *
 * May be run again after a crash: a first root that was already written is kept.
 * @throws CER_REPOSITORY_EXISTS, CER_HOLDERS, CER_PLAN_REFUSED, CER_THRESHOLD_NOT_MET
 */
export async function runGenesis(options: GenesisOptions): Promise<VerifiedRepository> {
  const { store } = options;
  return await exclusively(store, async () => {
    if ((await store.read(timestampPath, maxMetadataBytes.timestamp)) !== undefined) throw exists(store, timestampPath);
    const { root, targets, signed } = await signFirst(options);
    const { repository } = await publishChange({
      ...options,
      pinnedRoot: root.bytes,
      current: undefined,
      offline: signed,
      root,
      targetsVersion: targets.version,
      targetFiles: options.targets,
      resignSnapshot: true,
    });
    return repository;
  });
}

async function signFirst(options: GenesisOptions) {
  const { policy, now, targets, store } = options;
  const holders = new Map(options.absent);
  for (const [id, signer] of options.holders) holders.set(id, signer.publicKey);
  const keys = { holders, online: options.online.publicKey };
  const root = await interruptedRoot(store, rootDocument(policy, keys, { now }), now);
  const targetsVersion = await freeVersion(store, 'targets', 0);
  const plan = freeze(planGenesis({ policy, now, ...keys, targets, targetsVersion, ...(root && { root }) }));
  const signers = [...options.holders.values()];
  const kept = root ? signaturesOf(root) : [];
  const signatures = await signPlan(plan, signers, root ? ['targets'] : ['root', 'targets']);
  const signed = assemble(plan, [...kept, ...signatures]);
  return { signed, ...(signed.metadata as Required<SignedMetadata['metadata']>) };
}

/**
 * A crash between the first root and the first timestamp leaves a root that no client can have used. If it is the one
 * that would be made now, it is the one; a second root of version 1 must never be.
 */
async function interruptedRoot(store: Store, planned: JsonObject, now: Date): Promise<RootMetadata | undefined> {
  const path = metadataPath('root', 1);
  const bytes = await store.read(path, maxMetadataBytes.root);
  if (bytes === undefined) return undefined;
  const root = parseMetadata(bytes, 'root');
  const expires = planned['expires'] as string;
  const same = equalBytes(canonicalize({ ...root.signed, expires }), canonicalize(planned));
  if (!same || root.expires <= now) throw exists(store, path);
  return root;
}

function signaturesOf(root: RootMetadata): readonly PayloadSignature[] {
  const { version, canonicalSha256: digest } = root;
  return root.signatures.map((signature) => ({ role: 'root', version, digest, ...signature }));
}

function exists(store: Store, path: string): ToolkitError {
  return new ToolkitError('CER_REPOSITORY_EXISTS', {
    message: `${store.uri}: expected an empty place for a new root of trust, found ${path}`,
    fault: 'input',
    data: { store: store.uri, path },
    hint: 'clients may have pinned that root; publish a new one elsewhere, or renew this one',
  });
}
