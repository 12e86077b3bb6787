import { equalBytes } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import type { RoleName } from './layout.ts';
import type { ParsedMetadata, RootMetadata, TargetsMetadata } from './metadata.ts';
import { type Quorum, quorumOf, signingStatus } from './threshold.ts';

/** What a client keeps of a repository: one document for each role. */
export type RoleDocuments = { readonly [Role in RoleName]: ParsedMetadata<Role> };

type KeptDocuments = RoleDocuments & {
  readonly delegated: ReadonlyMap<string, { readonly metadata: TargetsMetadata }>;
};

/**
 * Passes if a client that trusted `previous` may go on to `next` (TUF §5.4.3, §5.5.5): no version is lower, no version
 * has other content, and the snapshot still lists every file that it listed.
 *
 * What the keys in force no longer vouch for does not bind: that is how a client recovers after an attacker with an
 * online key signed version 1000.
 * @throws TUF_ROLLBACK
 */
export function assertNotRolledBack(previous: KeptDocuments, next: KeptDocuments): void {
  assertForward('root', previous.root, next.root);
  if (isVouchedFor('timestamp', previous.timestamp, next.root))
    assertForward('timestamp', previous.timestamp, next.timestamp);
  if (!isVouchedFor('snapshot', previous.snapshot, next.root)) return;
  assertForward('snapshot', previous.snapshot, next.snapshot);
  for (const [file, { version }] of previous.snapshot.meta) {
    const listed = next.snapshot.meta.get(file)?.version;
    if (listed === undefined || listed < version) throw rolledBack('snapshot', `${file} v${version}`, listed);
  }
  if (isVouchedFor('targets', previous.targets, next.root)) assertForward('targets', previous.targets, next.targets);
  for (const { name, quorum } of next.targets.delegations) {
    const [old, young] = [previous, next].map(({ delegated }) => delegated.get(name)?.metadata);
    if (old && young && meets(old, quorum)) assertForward(name, old, young);
  }
}

function assertForward(role: string, previous: ParsedMetadata, next: ParsedMetadata): void {
  if (next.version < previous.version) throw rolledBack(role, `v${previous.version}`, next.version);
  if (next.version > previous.version || equalBytes(next.canonical, previous.canonical)) return;
  throw new ToolkitError('TUF_ROLLBACK', {
    message: `${role}: v${next.version} was seen before with other content`,
    fault: 'evidence',
    data: { role, version: next.version },
  });
}

/** True if the keys of `root` still stand for a file: what clients of that root hold against a later one. */
export function isVouchedFor(role: RoleName, metadata: ParsedMetadata, root: RootMetadata): boolean {
  return meets(metadata, quorumOf(root, role));
}

function meets({ canonical, signatures }: ParsedMetadata, quorum: Quorum): boolean {
  const status = signingStatus(canonical, signatures, quorum);
  return status.have >= status.need;
}

function rolledBack(role: string, seen: string, got: number | undefined): ToolkitError {
  return new ToolkitError('TUF_ROLLBACK', {
    message: `${role}: expected ${seen} or later, got ${got === undefined ? 'none' : `v${got}`}`,
    fault: 'evidence',
    data: { role, seen, got },
    hint: 'somebody serves an old copy of the repository',
  });
}
