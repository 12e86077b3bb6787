import { formatInstant } from '../core/clock.ts';
import { ToolkitError } from '../core/error.ts';
import { missing, readClaimed } from './claim.ts';
import { assertInterpreted, delegatedRoleOf, refusedDelegations } from './delegations.ts';
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
import { type Quorum, quorumOf, verifyThreshold } from './threshold.ts';

/** No instance publishes a target near this size; a promised length beyond it is an attack on our memory. */
export const maxTargetBytes = 32 * 1024 * 1024;

/** A repository whose every signature, version, hash and length is right. Some of it may have expired. */
export interface AuthenticRepository extends RoleDocuments {
  /** Every root from the pinned one (first) to the one in force (last). */
  readonly roots: readonly RootMetadata[];
  /** Contents of what the top-level targets list, by name, e.g. `trusted_root.json`. */
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
  /** Roles that the targets delegate to, by name. */
  readonly delegated: ReadonlyMap<string, DelegatedRole>;
  readonly versions: Readonly<Record<RoleName, number>>;
}

/** What its own keys signed, and the files that clients take from it. */
export interface DelegatedRole {
  readonly metadata: TargetsMetadata;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

declare const verified: unique symbol;

/** An authentic repository that a client accepts at the given time. Only `verifyRepository` makes one. */
export type VerifiedRepository = AuthenticRepository & { readonly [verified]: true };

export interface ReadRepositoryOptions {
  readonly read: ReadFile;
  /** The root that the client got out of band, byte for byte. */
  readonly pinnedRoot: Uint8Array;
  /** Leave out files of delegated roles that are not there: who imports metadata may not have them. @default false */
  readonly delegatedFilesOptional?: boolean;
}

export interface VerifyRepositoryOptions extends ReadRepositoryOptions {
  readonly now: Date;
  /** What the client saw before; it must not be led back behind it. */
  readonly previous?: AuthenticRepository;
}

/**
 * Does what a client does: updates root, timestamp, snapshot and targets from a pinned root, and downloads every
 * target (TUF §5.2–5.7), also of the roles that the targets delegate to, one level deep. Ways to delegate that it does
 * not follow are refused, since nothing of them would be verified.
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
export function assertNotExpired(metadata: ParsedMetadata, role: string, now: Date): void {
  if (now < metadata.expires) return;
  throw new ToolkitError('TUF_EXPIRED', {
    message: `${role} v${metadata.version}: expired at ${formatInstant(metadata.expires)}, it is ${formatInstant(now)}`,
    fault: 'evidence',
    data: { role, version: metadata.version, expires: formatInstant(metadata.expires) },
    hint: 'either nobody renewed it, or somebody serves an old copy, or the clock is wrong',
  });
}

type CheckExpiry = (metadata: ParsedMetadata, role: string) => void;

async function update(options: ReadRepositoryOptions, checkExpiry: CheckExpiry): Promise<AuthenticRepository> {
  const { read } = options;
  const roots = await walkRootChain(read, options.pinnedRoot);
  const root = roots.at(-1) as RootMetadata;
  checkExpiry(root, 'root');
  if (!root.consistentSnapshot) throw malformed('root: consistent_snapshot', 'expected true, got false');
  const timestamp = await loadTimestamp(read, root);
  checkExpiry(timestamp, 'timestamp');
  const snapshot = await loadNamed(read, 'snapshot', { claim: timestamp.snapshot, quorum: quorumOf(root, 'snapshot') });
  checkExpiry(snapshot, 'snapshot');
  const listed = { claim: claimOn(snapshot, 'targets'), quorum: quorumOf(root, 'targets') };
  const targets = await loadNamed(read, 'targets', listed);
  checkExpiry(targets, 'targets');
  const targetFiles = await loadFiles(read, targets);
  const delegated = await loadDelegated(options, { snapshot, targets, checkExpiry });
  const versions = {
    root: root.version,
    targets: targets.version,
    snapshot: snapshot.version,
    timestamp: timestamp.version,
  };
  return { roots, root, targets, snapshot, timestamp, targetFiles, delegated, versions };
}

async function loadTimestamp(read: ReadFile, root: RootMetadata): Promise<TimestampMetadata> {
  const bytes = await read(timestampPath, maxMetadataBytes.timestamp);
  if (bytes === undefined) throw missing(timestampPath);
  const timestamp = parseMetadata(bytes, 'timestamp');
  verifyThreshold(timestamp, 'timestamp', quorumOf(root, 'timestamp'));
  return timestamp;
}

interface Named {
  readonly claim: MetadataClaim;
  readonly quorum: Quorum;
  /** @default the role itself */
  readonly name?: string;
}

async function loadNamed<Role extends 'snapshot' | 'targets'>(
  read: ReadFile,
  role: Role,
  { claim, quorum, name = role }: Named,
): Promise<ParsedMetadata<Role>> {
  const bytes = await readClaimed(read, metadataPath(name, claim.version), claim, maxMetadataBytes[role]);
  const metadata = parseMetadata(bytes, role);
  verifyThreshold(metadata, name, quorum);
  if (metadata.version === claim.version) return metadata;
  throw new ToolkitError('TUF_VERSION', {
    message: `${name}: expected version ${claim.version}, got ${metadata.version}`,
    fault: 'evidence',
    data: { role: name, expected: claim.version, got: metadata.version },
  });
}

function claimOn({ meta }: SnapshotMetadata, role: string): MetadataClaim {
  const claim = meta.get(`${role}.json`);
  if (!claim) throw malformed('snapshot: meta', `expected an entry "${role}.json", got none`);
  return claim;
}

async function loadFiles(read: ReadFile, { targets }: TargetsMetadata): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, claim] of targets) {
    files.set(name, await readClaimed(read, targetPath(name, claim.digest), claim, maxTargetBytes));
  }
  return files;
}

interface Delegator {
  readonly snapshot: SnapshotMetadata;
  readonly targets: TargetsMetadata;
  readonly checkExpiry: CheckExpiry;
}

async function loadDelegated(
  options: ReadRepositoryOptions,
  delegator: Delegator,
): Promise<ReadonlyMap<string, DelegatedRole>> {
  const { snapshot, targets, checkExpiry } = delegator;
  assertInterpreted(targets);
  const roles = new Map<string, TargetsMetadata>();
  for (const { name, quorum } of targets.delegations) {
    // A client that looks for a file in such a role fails, and finds no file in any role after it either.
    if (!snapshot.meta.has(`${name}.json`)) throw refusedDelegations([name], 'that the snapshot lists, got others');
    const role = await loadNamed(options.read, 'targets', { name, quorum, claim: claimOn(snapshot, name) });
    if (role.delegations.length > 0) throw refusedDelegations([name], 'that delegate no further, got others');
    checkExpiry(role, name);
    roles.set(name, role);
  }
  const delegated = new Map<string, DelegatedRole>();
  for (const [name, metadata] of roles) {
    delegated.set(name, { metadata, files: await loadDelegatedFiles(options, name, { targets, roles }) });
  }
  return delegated;
}

/** What a role lists outside its paths, or what a role before it has already, no client takes from it. */
async function loadDelegatedFiles(
  { read, delegatedFilesOptional = false }: ReadRepositoryOptions,
  role: string,
  { targets, roles }: { readonly targets: TargetsMetadata; readonly roles: ReadonlyMap<string, TargetsMetadata> },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, claim] of roles.get(role)?.targets ?? []) {
    if (targets.targets.has(name) || delegatedRoleOf(name, targets.delegations, roles) !== role) continue;
    const path = targetPath(name, claim.digest);
    if (delegatedFilesOptional && (await read(path, maxTargetBytes)) === undefined) continue;
    files.set(name, await readClaimed(read, path, claim, maxTargetBytes));
  }
  return files;
}
