import { join } from 'node:path';
import { createFile, makeDirectory, readFileCapped, readFileIfPresent, replaceFile } from '../../src/core/files.ts';
import { digestLike } from '../../src/tuf/claim.ts';
import { maxMetadataBytes, type RoleName } from '../../src/tuf/layout.ts';
import {
  type ParsedMetadata,
  parseMetadata,
  type RootMetadata,
  type SnapshotMetadata,
  type TargetsMetadata,
  type TimestampMetadata,
} from '../../src/tuf/metadata.ts';
import type { ReadFile } from '../../src/tuf/reader.ts';
import { type AuthenticRepository, maxTargetBytes } from '../../src/tuf/repository.ts';
import { walkRootChain } from '../../src/tuf/root-chain.ts';
import { quorumOf, signingStatus, verifyThreshold } from '../../src/tuf/threshold.ts';
import type { Standing } from '../plan.ts';
import type { RootSigningLayout } from './layout.ts';

/** What `root-signing/metadata` holds: what was published last, by the record of those who sign. */
export interface Recorded extends Standing {
  readonly snapshot: SnapshotMetadata;
  readonly timestamp: TimestampMetadata;
  /** Every root from the first one that clients may pin to the one in force. */
  readonly roots: readonly [RootMetadata, ...RootMetadata[]];
}

/**
 * Reads what is in force by the record: roots as a chain, all else with the signatures of its last root. Returns
 * `undefined` before the first event was recorded. Nothing is said about expiry, nor about what is really published.
 *
 * `root.json` is written last: where it is behind the chain, a crash came between, and what still has the signatures of
 * that root is read too.
 * @throws TUF_THRESHOLD, TUF_VERSION – evidence that somebody changed the record
 * @throws TUF_METADATA, CORE_FILE_MISSING
 */
export async function readRecorded(layout: RootSigningLayout, firstRoot = 1): Promise<Recorded | undefined> {
  const last = await readFileIfPresent(rolePath(layout, 'root'), maxMetadataBytes.root);
  if (last === undefined) return undefined;
  const history = join(layout.metadata, 'root_history');
  const first = await readFileIfPresent(join(history, `${firstRoot}.root.json`), maxMetadataBytes.root);
  if (first === undefined) return undefined;
  const read: ReadFile = async (path, max) => await readFileIfPresent(join(history, path), max);
  const roots = (await walkRootChain(read, first)) as unknown as Recorded['roots'];
  const root = roots.at(-1) as RootMetadata;
  const { version } = parseMetadata(last, 'root');
  const before = roots.at(-2);
  const signers = { root, behind: before?.version === version ? before : undefined };
  const targets = parseMetadata(await readRole(layout, 'targets'), 'targets');
  assertSigned(targets, 'targets', signers);
  const snapshot = parseMetadata(await readRole(layout, 'snapshot'), 'snapshot');
  assertSigned(snapshot, 'snapshot', signers);
  const timestamp = parseMetadata(await readRole(layout, 'timestamp'), 'timestamp');
  assertSigned(timestamp, 'timestamp', signers);
  const versions = {
    root: root.version,
    targets: targets.version,
    snapshot: snapshot.version,
    timestamp: timestamp.version,
  };
  return { roots, root, targets, snapshot, timestamp, versions, targetFiles: await recordedTargets(layout, targets) };
}

/** `behind` is the root that is in force as long as the record of the last one is not complete. */
function assertSigned(
  metadata: ParsedMetadata,
  role: 'targets' | 'snapshot' | 'timestamp',
  { root, behind }: { readonly root: RootMetadata; readonly behind: RootMetadata | undefined },
): void {
  const { canonical, signatures } = metadata;
  const status = behind && signingStatus(canonical, signatures, quorumOf(behind, role));
  if (status && status.have >= status.need) return;
  verifyThreshold(metadata, role, quorumOf(root, role));
}

/** What of a published repository is written down. */
export type Published = Omit<AuthenticRepository, 'versions'>;

/**
 * Writes down what was published: each root for ever, and the current file of each role, of the root last. What a crash
 * leaves is read all the same (`readRecorded`); repeating completes it.
 *
 * The caller has verified what is published.
 * @throws CORE_FILE_EXISTS if another root stands under one of the versions
 */
export async function recordPublished(layout: RootSigningLayout, published: Published): Promise<void> {
  const history = join(layout.metadata, 'root_history');
  const contents = join(layout.metadata, 'target_files');
  for (const directory of [history, contents]) await makeDirectory(directory);
  for (const [name, { digest }] of published.targets.targets) {
    const bytes = published.targetFiles.get(name);
    if (bytes) await createFile(contentPath(layout, name, digest), bytes);
  }
  for (const { version, bytes } of published.roots) await createFile(join(history, `${version}.root.json`), bytes);
  for (const [role, { metadata }] of published.delegated) await replaceFile(rolePath(layout, role), metadata.bytes);
  for (const role of ['targets', 'snapshot', 'timestamp', 'root'] as const) {
    await replaceFile(rolePath(layout, role), published[role].bytes);
  }
}

async function recordedTargets(
  layout: RootSigningLayout,
  { targets }: TargetsMetadata,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, { digest }] of targets) {
    for (const path of [contentPath(layout, name, digest), join(layout.targets, name)]) {
      const bytes = await readFileIfPresent(path, maxTargetBytes);
      if (bytes && digestLike(digest, bytes) === digest) files.set(name, bytes);
    }
  }
  return files;
}

async function readRole(layout: RootSigningLayout, role: RoleName): Promise<Uint8Array> {
  return await readFileCapped(rolePath(layout, role), maxMetadataBytes[role]);
}

function rolePath({ metadata }: RootSigningLayout, role: string): string {
  return join(metadata, `${role}.json`);
}

function contentPath({ metadata }: RootSigningLayout, name: string, digest: string): string {
  return join(metadata, 'target_files', `${digest}.${name.replaceAll('/', '_')}`);
}
