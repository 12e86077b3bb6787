import type { RootPolicy } from '../src/config/root-policy.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Signer } from '../src/core/signer.ts';
import type { Store } from '../src/core/store.ts';
import { physicalKeyOf } from '../src/tuf/key.ts';
import { maxMetadataBytes, metadataPath } from '../src/tuf/layout.ts';
import type { RootMetadata, SnapshotMetadata } from '../src/tuf/metadata.ts';
import type { DelegatedRole } from '../src/tuf/repository.ts';
import { isVouchedFor } from '../src/tuf/rollback.ts';
import { quorumOf } from '../src/tuf/threshold.ts';
import { assemble, type SignedMetadata } from './assemble.ts';
import { freeze } from './freeze.ts';
import { type Plan, planSnapshot, planTimestamp, type Standing } from './plan.ts';
import { signPlan } from './sign.ts';

export interface OnlineOptions {
  readonly policy: RootPolicy;
  readonly store: Store;
  readonly online: Signer;
  /** Signs too where the root replaces the key. */
  readonly formerOnline?: Signer | undefined;
  readonly rootFirst?: boolean;
  readonly now: Date;
  readonly current: Standing | undefined;
  /** The root in force once everything is published. */
  readonly root: RootMetadata;
  readonly targetsVersion: number;
  /** Delegated roles of which there is new metadata. @default none */
  readonly delegated?: ReadonlyMap<string, DelegatedRole> | undefined;
  /** Sign a new snapshot even if the targets stay. */
  readonly resignSnapshot: boolean;
}

/**
 * Signs a timestamp with the online key, and before it a snapshot where one is needed.
 * @throws CER_ONLINE_KEY if the root names another key
 * @throws CER_NO_VERSION_LEFT (evidence) if somebody published the last version that there is
 */
export async function signOnlineRoles(options: OnlineOptions): Promise<readonly SignedMetadata[]> {
  assertOnlineKey(options.root, options.online);
  const { current, root, targetsVersion, delegated } = options;
  const published = current?.snapshot;
  const stays =
    published !== undefined &&
    !options.resignSnapshot &&
    published.meta.get('targets.json')?.version === targetsVersion &&
    [...(delegated ?? [])].every(
      ([role, { metadata }]) => published.meta.get(`${role}.json`)?.version === metadata.version,
    ) &&
    isVouchedFor('snapshot', published, root);
  const fresh = stays ? undefined : await signSnapshot(options);
  const snapshot = fresh?.metadata.snapshot ?? (published as SnapshotMetadata);
  const version = versionAbove(current, 'timestamp');
  const timestamp = await signOnline(
    planTimestamp({ ...options, formerRoot: formerRoot(options), version, snapshot }),
    options,
  );
  return fresh ? [fresh, timestamp] : [timestamp];
}

/**
 * Returns the lowest version after `after` under which nothing was written. An interrupted run may have left a file
 * that no client was told of; its name is taken all the same.
 */
export async function freeVersion(store: Store, role: 'targets' | 'snapshot', after: number): Promise<number> {
  let version = after + 1;
  while ((await store.read(metadataPath(role, version), maxMetadataBytes[role])) !== undefined) version += 1;
  return version;
}

/**
 * Passes if the root in force lets this key sign snapshot and timestamp.
 * @throws CER_ONLINE_KEY
 */
export function assertOnlineKey(root: RootMetadata, online: Signer): void {
  const own = physicalKeyOf(online.publicKey);
  for (const role of ['snapshot', 'timestamp'] as const) {
    if (quorumOf(root, role).keys.some((key) => key.physicalKey === own)) continue;
    throw new ToolkitError('CER_ONLINE_KEY', {
      message: `${online.uri}: expected the ${role} key of root v${root.version}, got another key`,
      fault: 'input',
      data: { role, signer: online.uri, root: root.version },
      hint: 'clients would refuse what it signs; use the key of the root, or change it in a ceremony',
    });
  }
}

async function signSnapshot(options: OnlineOptions): Promise<SignedMetadata> {
  const version = await freeVersion(options.store, 'snapshot', versionAbove(options.current, 'snapshot') - 1);
  return await signOnline(planSnapshot({ ...options, formerRoot: formerRoot(options), version }), options);
}

/** Threat: whoever stole the online key signs the highest version, and nothing that we sign is ever above it. */
function versionAbove(current: Standing | undefined, role: 'snapshot' | 'timestamp'): number {
  const version = current?.versions[role] ?? 0;
  if (version < Number.MAX_SAFE_INTEGER) return version + 1;
  throw new ToolkitError('CER_NO_VERSION_LEFT', {
    message: `${role}: expected a published version with one above it, got ${version}, the last there is`,
    fault: 'evidence',
    data: { role, version },
    hint: 'somebody else has the online key: plan an event of kind recover-fast-forward, which replaces it',
  });
}

/** Clients have the root in force until the new one is published, which comes last. */
function formerRoot({ current, rootFirst }: OnlineOptions): RootMetadata | undefined {
  return rootFirst ? undefined : current?.root;
}

async function signOnline(plan: Plan, { online, formerOnline }: OnlineOptions): Promise<SignedMetadata> {
  const frozen = freeze(plan);
  return assemble(frozen, await signPlan(frozen, formerOnline ? [formerOnline, online] : [online]));
}
