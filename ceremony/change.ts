import type { RootPolicy } from '../src/config/root-policy.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Signer } from '../src/core/signer.ts';
import type { Store } from '../src/core/store.ts';
import type { RootMetadata } from '../src/tuf/metadata.ts';
import type { AuthenticRepository, DelegatedRole } from '../src/tuf/repository.ts';
import type { SignedFiles } from './assemble.ts';
import { verifyCandidate } from './candidate.ts';
import { signOnlineRoles } from './online.ts';
import type { Standing } from './plan.ts';
import { type Publication, publish, readLive } from './publish.ts';

/** What everybody needs who changes a published repository. */
export interface RepositoryOptions {
  readonly policy: RootPolicy;
  /** The published repository. */
  readonly store: Store;
  /** The key of snapshot and timestamp, once everything is published. */
  readonly online: Signer;
  /** The key of the root in force now, where the change replaces it: both sign, so that clients of either root go on. */
  readonly formerOnline?: Signer | undefined;
  /** The root that clients pin, byte for byte; the published chain must start from it. */
  readonly pinnedRoot: Uint8Array;
  readonly now: Date;
}

export interface Change extends RepositoryOptions {
  readonly current: AuthenticRepository | undefined;
  /**
   * What versions and the list of files go on from, where that is not what is published: someone else signed that.
   * @default current
   */
  readonly standing?: Standing | undefined;
  /** Root and targets as holders signed them; a role that is not among them stays as published. */
  readonly offline: SignedFiles | undefined;
  /** The root in force once everything is published. */
  readonly root: RootMetadata;
  readonly targetsVersion: number;
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
  /** Delegated roles of which there is new metadata, as their owners signed it. @default none */
  readonly delegated?: ReadonlyMap<string, DelegatedRole>;
  readonly resignSnapshot: boolean;
  /**
   * Publish the root before the rest, which only its keys sign. Clients that come between the two fail, so this is for
   * when the old keys cannot help: they are lost, or signed versions that must be taken back.
   * @default false
   */
  readonly rootFirst?: boolean;
  /** See `Mending`. @default none */
  readonly ownTimestamp?: Uint8Array | undefined;
}

/**
 * Completes signed root and targets with snapshot and timestamp, verifies the outcome with two clients, and only then
 * publishes it. The caller holds the store (`exclusively`).
 */
export async function publishChange(change: Change): Promise<Publication> {
  const { offline, store, now, rootFirst, ownTimestamp } = change;
  const online = await signOnlineRoles({ ...change, current: change.standing ?? change.current });
  const repository = await verifyCandidate({ ...change, signed: offline ? [offline, ...online] : online });
  return await publish({ repository, store, now, ownTimestamp, ...(rootFirst && { rootFirst }) });
}

/** Returns the part of a change that follows from what is published and what holders signed on top of it. */
export function changeOf(current: AuthenticRepository, offline?: SignedFiles) {
  return {
    current,
    offline,
    root: offline?.metadata.root ?? current.root,
    targetsVersion: offline?.metadata.targets?.version ?? current.versions.targets,
  };
}

/**
 * Reads what is published, expired or not.
 * @throws CER_NO_REPOSITORY if nothing is; and as `readRepository`
 */
export async function readCurrent(store: Store, pinnedRoot: Uint8Array): Promise<AuthenticRepository> {
  const current = await readLive(store, pinnedRoot);
  if (current) return current;
  throw new ToolkitError('CER_NO_REPOSITORY', {
    message: `${store.uri}: expected a published repository, found no timestamp.json`,
    fault: 'input',
    data: { store: store.uri },
    hint: 'a repository begins with a genesis',
  });
}
