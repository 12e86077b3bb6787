import { equalBytes } from '../src/core/bytes.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Store } from '../src/core/store.ts';
import { maxMetadataBytes, metadataPath, roleNames, targetPath, timestampPath } from '../src/tuf/layout.ts';
import type { RootMetadata } from '../src/tuf/metadata.ts';
import type { ReadFile } from '../src/tuf/reader.ts';
import {
  type AuthenticRepository,
  type DelegatedRole,
  readRepository,
  type VerifiedRepository,
} from '../src/tuf/repository.ts';
import { isVouchedFor } from '../src/tuf/rollback.ts';
import { verifyByTwo } from './candidate.ts';

export interface PublishOptions {
  readonly repository: VerifiedRepository;
  readonly store: Store;
  readonly now: Date;
  /** See `Change`. @default false */
  readonly rootFirst?: boolean;
  /** See `Mending`. @default none */
  readonly ownTimestamp?: Uint8Array | undefined;
}

export interface Publication {
  /** As read back from the store. */
  readonly repository: VerifiedRepository;
  /** Paths that were not there before, or have new content, in the order they were written. */
  readonly changed: readonly string[];
}

interface PublishedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes a verified repository to its store, reads it back and verifies it again with two clients.
 *
 * What others refer to is written before what refers to it, then the timestamp, and a new root last: everything else
 * satisfies the old root and the new one. So a crash anywhere leaves a repository that clients accept. Everything but
 * the timestamp is written once.
 *
 * The caller holds the store (`exclusively`).
 * @throws CER_VERSION_BACKWARDS, CER_VERSION_REUSED – nothing was written
 * @throws CER_PUBLISHED_OTHER if the store returns other bytes than were written
 */
export async function publish(options: PublishOptions): Promise<Publication> {
  const { repository, store, now, rootFirst = false, ownTimestamp } = options;
  const pinnedRoot = repository.roots[0]?.bytes ?? repository.root.bytes;
  const live = await readLive(store, pinnedRoot, { rootFirst: rootFirst ? repository.root : undefined, ownTimestamp });
  if (live) assertForward(live, repository);
  const files = filesToWrite(live, repository);
  const roots = rootsToWrite(live, repository);
  // The first root must be there before the timestamp that makes it a repository.
  const before = rootFirst ? [...roots, ...files] : live === undefined ? [...files, ...roots] : files;
  const after = roots.filter((file) => !before.includes(file));
  const timestamp = { path: timestampPath, bytes: repository.timestamp.bytes };
  const stamp = live === undefined || !equalBytes(live.timestamp.bytes, timestamp.bytes);
  for (const file of before) await store.create(file.path, file.bytes);
  if (stamp) await store.replace(timestamp.path, timestamp.bytes);
  for (const file of after) await store.create(file.path, file.bytes);
  const read = store.read.bind(store);
  const published = await verifyByTwo({ read, pinnedRoot, now, current: live });
  assertSame(repository, published);
  const changed = [...before, ...(stamp ? [timestamp] : []), ...after];
  return { repository: published, changed: changed.map(({ path }) => path) };
}

/** How to read what is published where no client accepts it as it stands. */
export interface Mending {
  /**
   * A root that is published before the rest: where a crash kept the rest from following it, what was there before it
   * is read.
   */
  readonly rootFirst?: RootMetadata | undefined;
  /**
   * The last timestamp of ours, where somebody else who has the online key wrote one that leads nowhere: it leads to
   * what we published.
   */
  readonly ownTimestamp?: Uint8Array | undefined;
}

/**
 * Reads what is published, expired or not, or returns `undefined` if nothing is: no timestamp, no repository.
 * @throws as `readRepository`
 */
export async function readLive(
  store: Store,
  pinnedRoot: Uint8Array,
  mending: Mending = {},
): Promise<AuthenticRepository | undefined> {
  if ((await store.read(timestampPath, maxMetadataBytes.timestamp)) === undefined) return undefined;
  const [asItStands, ...mended] = viewsOf(store.read.bind(store), mending);
  try {
    return await readRepository({ read: asItStands, pinnedRoot });
  } catch (error) {
    for (const read of mended) {
      const repository = await readRepository({ read, pinnedRoot }).catch(unlessRefused);
      if (repository) return repository;
    }
    throw error;
  }
}

function viewsOf(read: ReadFile, { rootFirst, ownTimestamp }: Mending): readonly [ReadFile, ...ReadFile[]] {
  const hidden = rootFirst && metadataPath('root', rootFirst.version);
  const before: ReadFile = async (path, maxBytes) => (path === hidden ? undefined : await read(path, maxBytes));
  const views = hidden === undefined ? [] : [before];
  if (ownTimestamp === undefined) return [read, ...views];
  const own = [read, ...views].map(
    (view): ReadFile =>
      async (path, maxBytes) =>
        path === timestampPath ? ownTimestamp : await view(path, maxBytes),
  );
  return [read, ...views, ...own];
}

/** Only what a client would refuse is looked at in another way; a store that does not answer is no such thing. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ToolkitError) || !error.code.startsWith('TUF_')) throw error;
}

/** In the order of TUF §6: targets, then each role before the one that names it. */
function filesToWrite(live: AuthenticRepository | undefined, next: VerifiedRepository): readonly PublishedFile[] {
  const files: PublishedFile[] = [];
  for (const [name, { digest }] of next.targets.targets) {
    const bytes = next.targetFiles.get(name);
    if (bytes && live?.targets.targets.get(name)?.digest !== digest)
      files.push({ path: targetPath(name, digest), bytes });
  }
  for (const [name, role] of next.delegated) files.push(...delegatedToWrite(live?.delegated.get(name), name, role));
  for (const role of ['targets', 'snapshot'] as const) {
    const { version, bytes } = next[role];
    if (live?.versions[role] !== version) files.push({ path: metadataPath(role, version), bytes });
  }
  return files;
}

function delegatedToWrite(
  live: DelegatedRole | undefined,
  role: string,
  { metadata, files }: DelegatedRole,
): readonly PublishedFile[] {
  if (live?.metadata.version === metadata.version) return [];
  const contents = [...files].flatMap(([name, bytes]) => {
    const claim = metadata.targets.get(name);
    return claim ? [{ path: targetPath(name, claim.digest), bytes }] : [];
  });
  return [...contents, { path: metadataPath(role, metadata.version), bytes: metadata.bytes }];
}

function rootsToWrite(live: AuthenticRepository | undefined, next: VerifiedRepository): readonly PublishedFile[] {
  return next.roots
    .filter(({ version }) => version > (live?.versions.root ?? 0))
    .map(({ version, bytes }) => ({ path: metadataPath('root', version), bytes }));
}

function assertForward(live: AuthenticRepository, next: VerifiedRepository): void {
  for (const role of roleNames) {
    const [old, young] = [live[role], next[role]];
    // What only keys signed that the new root no longer lists binds no client of that root.
    if (role !== 'root' && !isVouchedFor(role, old, next.root)) continue;
    const data = { role, published: old.version, got: young.version };
    if (young.version < old.version) {
      throw new ToolkitError('CER_VERSION_BACKWARDS', {
        message: `${role}: expected version ${old.version} (published) or later, got ${young.version}`,
        fault: 'input',
        data,
        hint: 'clients that saw the published version would refuse; plan again from what is published',
      });
    }
    if (young.version === old.version && !equalBytes(old.bytes, young.bytes)) {
      throw new ToolkitError('CER_VERSION_REUSED', {
        message: `${role}: version ${old.version} is published with other bytes`,
        fault: 'input',
        data,
        hint: 'plan again from what is published; a version is never used twice',
      });
    }
  }
}

/** Both clients accepted what was read back; a later version in it is somebody's who published right after. */
function assertSame(expected: VerifiedRepository, published: VerifiedRepository): void {
  for (const role of roleNames) {
    if (equalBytes(expected[role].bytes, published[role].bytes)) continue;
    if (published.versions[role] > expected.versions[role]) continue;
    throw new ToolkitError('CER_PUBLISHED_OTHER', {
      message: `${role}: the store returns v${published.versions[role]}, expected the v${expected.versions[role]} just written`,
      fault: 'evidence',
      data: { role, expected: expected.versions[role], got: published.versions[role] },
      hint: 'someone else wrote to the store, or it serves old copies',
    });
  }
}
