import { formatInstant } from '../core/clock.ts';
import { ToolkitError } from '../core/error.ts';
import { missing, readClaimed } from './claim.ts';
import type { MetadataClaim } from './document.ts';
import { malformed } from './fields.ts';
import { maxMetadataBytes, metadataPath, type RoleName, targetPath, timestampPath } from './layout.ts';
import {
  type ParsedMetadata,
  parseMetadata,
  type RootMetadata,
  type SnapshotMetadata,
  type TargetsMetadata,
  type TimestampMetadata,
} from './metadata.ts';
import type { ReadFile } from './reader.ts';
import { assertNotRolledBack, type RoleDocuments } from './rollback.ts';
import { walkRootChain } from './root-chain.ts';
import { quorumOf, verifyThreshold } from './threshold.ts';

/** No instance publishes a target near this size; a promised length beyond it is an attack on our memory. */
export const maxTargetBytes = 32 * 1024 * 1024;

/** A repository whose every signature, version, hash and length is right. Some of it may have expired. */
export interface AuthenticRepository extends RoleDocuments {
  /** Every root from the pinned one (first) to the one in force (last). */
  readonly roots: readonly RootMetadata[];
  /** Contents by target name, e.g. `trusted_root.json`. */
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
  readonly versions: Readonly<Record<RoleName, number>>;
}

declare const verified: unique symbol;

/** An authentic repository that a client accepts at the given time. Only `verifyRepository` makes one. */
export type VerifiedRepository = AuthenticRepository & { readonly [verified]: true };

export interface ReadRepositoryOptions {
  readonly read: ReadFile;
  /** The root that the client got out of band, byte for byte. */
  readonly pinnedRoot: Uint8Array;
}

export interface VerifyRepositoryOptions extends ReadRepositoryOptions {
  readonly now: Date;
  /** What the client saw before; it must not be led back behind it. */
  readonly previous?: AuthenticRepository;
}

/**
 * Does what a client does: updates root, timestamp, snapshot and targets from a pinned root, and downloads every
 * target (TUF §5.2–5.7). Delegated roles are refused, since nothing of them would be verified.
 * @throws TUF_THRESHOLD, TUF_VERSION, TUF_HASH, TUF_EXPIRED, TUF_ROLLBACK – evidence
 * @throws TUF_METADATA, TUF_CANONICAL, TUF_DELEGATIONS, TUF_MISSING
 * @see https://theupdateframework.github.io/specification/v1.0.34/#detailed-client-workflow
 */
export async function verifyRepository(options: VerifyRepositoryOptions): Promise<VerifiedRepository> {
  const repository = await update(options, (metadata, role) => assertNotExpired(metadata, role, options.now));
  if (options.previous) assertNotRolledBack(options.previous, repository);
  return repository as VerifiedRepository;
}

/**
 * Like `verifyRepository`, but accepts what has expired: for those who renew it, never for those who trust it.
 * @throws as `verifyRepository`, without TUF_EXPIRED
 */
export async function readRepository(options: ReadRepositoryOptions): Promise<AuthenticRepository> {
  return await update(options, () => undefined);
}

/**
 * Passes if the metadata is still valid at `now`: it ends at the very second it names.
 * @throws TUF_EXPIRED
 */
export function assertNotExpired(metadata: ParsedMetadata, role: RoleName, now: Date): void {
  if (now < metadata.expires) return;
  throw new ToolkitError('TUF_EXPIRED', {
    message: `${role} v${metadata.version}: expired at ${formatInstant(metadata.expires)}, it is ${formatInstant(now)}`,
    fault: 'evidence',
    data: { role, version: metadata.version, expires: formatInstant(metadata.expires) },
    hint: 'either nobody renewed it, or somebody serves an old copy, or the clock is wrong',
  });
}

type CheckExpiry = (metadata: ParsedMetadata, role: RoleName) => void;

async function update(options: ReadRepositoryOptions, checkExpiry: CheckExpiry): Promise<AuthenticRepository> {
  const { read } = options;
  const roots = await walkRootChain(read, options.pinnedRoot);
  const root = roots.at(-1) as RootMetadata;
  checkExpiry(root, 'root');
  if (!root.consistentSnapshot) throw malformed('root: consistent_snapshot', 'expected true, got false');
  const timestamp = await loadTimestamp(read, root);
  checkExpiry(timestamp, 'timestamp');
  const snapshot = await loadNamed(read, root, 'snapshot', timestamp.snapshot);
  checkExpiry(snapshot, 'snapshot');
  const targets = await loadNamed(read, root, 'targets', claimOnTargets(snapshot));
  checkExpiry(targets, 'targets');
  const targetFiles = await loadTargetFiles(read, targets);
  const versions = {
    root: root.version,
    targets: targets.version,
    snapshot: snapshot.version,
    timestamp: timestamp.version,
  };
  return { roots, root, targets, snapshot, timestamp, targetFiles, versions };
}

async function loadTimestamp(read: ReadFile, root: RootMetadata): Promise<TimestampMetadata> {
  const bytes = await read(timestampPath, maxMetadataBytes.timestamp);
  if (bytes === undefined) throw missing(timestampPath);
  const timestamp = parseMetadata(bytes, 'timestamp');
  verifyThreshold(timestamp, 'timestamp', quorumOf(root, 'timestamp'));
  return timestamp;
}

async function loadNamed<Role extends 'snapshot' | 'targets'>(
  read: ReadFile,
  root: RootMetadata,
  role: Role,
  claim: MetadataClaim,
): Promise<ParsedMetadata<Role>> {
  const bytes = await readClaimed(read, metadataPath(role, claim.version), claim, maxMetadataBytes[role]);
  const metadata = parseMetadata(bytes, role);
  verifyThreshold(metadata, role, quorumOf(root, role));
  if (metadata.version === claim.version) return metadata;
  throw new ToolkitError('TUF_VERSION', {
    message: `${role}: expected version ${claim.version}, got ${metadata.version}`,
    fault: 'evidence',
    data: { role, expected: claim.version, got: metadata.version },
  });
}

function claimOnTargets(snapshot: SnapshotMetadata): MetadataClaim {
  const claim = snapshot.meta.get('targets.json');
  if (!claim) throw malformed('snapshot: meta', 'expected an entry "targets.json", got none');
  return claim;
}

async function loadTargetFiles(read: ReadFile, targets: TargetsMetadata): Promise<ReadonlyMap<string, Uint8Array>> {
  if (targets.delegatedRoles.length > 0) {
    throw new ToolkitError('TUF_DELEGATIONS', {
      message: `targets: expected no delegated roles, got ${targets.delegatedRoles.join(', ')}`,
      fault: 'input',
      data: { roles: targets.delegatedRoles },
      hint: 'the files of a delegated role would not be verified here',
    });
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, claim] of targets.targets) {
    files.set(name, await readClaimed(read, targetPath(name, claim.sha256), claim, maxTargetBytes));
  }
  return files;
}
