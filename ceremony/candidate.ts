import type { Store } from '../src/core/store.ts';
import { assertAgreement, delegatedFiles, judgeRepository } from '../src/tuf/judge.ts';
import { metadataPath, type RoleName, roleNames, targetPath } from '../src/tuf/layout.ts';
import type { TargetsMetadata } from '../src/tuf/metadata.ts';
import type { ReadFile } from '../src/tuf/reader.ts';
import {
  type AuthenticRepository,
  type DelegatedRole,
  type VerifiedRepository,
  verifyRepository,
} from '../src/tuf/repository.ts';
import type { SignedFiles } from './assemble.ts';

export interface Candidate {
  readonly store: Store;
  readonly signed: readonly SignedFiles[];
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
  /** See `Change`. @default none */
  readonly delegated?: ReadonlyMap<string, DelegatedRole>;
  readonly pinnedRoot: Uint8Array;
  readonly now: Date;
  /** What is published now; the candidate must not lead a client back behind it. */
  readonly current: AuthenticRepository | undefined;
  /** See `Change`. @default false */
  readonly rootFirst?: boolean;
}

/**
 * Lets two clients, ours and tuf-js, look at the store as it would be with the new files in it, and as it would be for
 * the moment before the new root. Nothing is written.
 * @throws as `verifyRepository` and `judgeRepository`; TUF_JUDGES_DISAGREE
 */
export async function verifyCandidate(candidate: Candidate): Promise<VerifiedRepository> {
  const { current, now, rootFirst = false } = candidate;
  const read = overlay(candidate);
  const newRoot = candidate.signed.find(({ metadata }) => metadata.root)?.metadata.root;
  // A publication that is repeated finds its root there already, and no moment before it.
  const comes = newRoot && current && newRoot.version > current.root.version;
  if (comes && current.root.expires > now && !rootFirst) {
    const path = metadataPath('root', newRoot.version);
    await verifyByTwo({ ...candidate, read: async (name, max) => (name === path ? undefined : await read(name, max)) });
  }
  return await verifyByTwo({ ...candidate, read });
}

/**
 * Verifies a repository with two independent clients that must agree.
 * @throws as `verifyRepository` and `judgeRepository`; TUF_JUDGES_DISAGREE
 */
export async function verifyByTwo(options: {
  readonly read: ReadFile;
  readonly pinnedRoot: Uint8Array;
  readonly now: Date;
  readonly current?: AuthenticRepository | undefined;
}): Promise<VerifiedRepository> {
  const { read, pinnedRoot, now, current } = options;
  const repository = await verifyRepository({ read, pinnedRoot, now, ...(current && { previous: current }) });
  const targets = [...repository.targetFiles.keys(), ...delegatedFiles(repository).keys()];
  assertAgreement(repository, await judgeRepository({ read, pinnedRoot, now, targets }));
  return repository;
}

function overlay({ store, signed, targetFiles, delegated = new Map() }: Candidate): ReadFile {
  const files = new Map<string, Uint8Array>();
  for (const [role, { metadata, files: own }] of delegated) {
    files.set(metadataPath(role, metadata.version), metadata.bytes);
    addTargets(files, metadata, own);
  }
  for (const { metadata } of signed) {
    for (const role of roleNames) addMetadata(files, role, metadata[role]);
    if (metadata.targets) addTargets(files, metadata.targets, targetFiles);
  }
  return async (path, maxBytes) => files.get(path) ?? (await store.read(path, maxBytes));
}

function addTargets(
  files: Map<string, Uint8Array>,
  { targets }: TargetsMetadata,
  contents: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [name, { digest }] of targets) {
    const bytes = contents.get(name);
    if (bytes) files.set(targetPath(name, digest), bytes);
  }
}

function addMetadata(
  files: Map<string, Uint8Array>,
  role: RoleName,
  metadata: { readonly version: number; readonly bytes: Uint8Array } | undefined,
): void {
  if (metadata) files.set(metadataPath(role, metadata.version), metadata.bytes);
}
