import type { Store } from '../src/core/store.ts';
import { assertAgreement, judgeRepository } from '../src/tuf/judge.ts';
import { metadataPath, type RoleName, roleNames, targetPath } from '../src/tuf/layout.ts';
import type { ReadFile } from '../src/tuf/reader.ts';
import { type AuthenticRepository, type VerifiedRepository, verifyRepository } from '../src/tuf/repository.ts';
import type { SignedFiles } from './assemble.ts';

export interface Candidate {
  readonly store: Store;
  readonly signed: readonly SignedFiles[];
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
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
  if (newRoot && current && current.root.expires > now && !rootFirst) {
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
  const targets = [...repository.targetFiles.keys()];
  assertAgreement(repository, await judgeRepository({ read, pinnedRoot, now, targets }));
  return repository;
}

function overlay({ store, signed, targetFiles }: Candidate): ReadFile {
  const files = new Map<string, Uint8Array>();
  for (const { metadata } of signed) {
    for (const role of roleNames) addMetadata(files, role, metadata[role]);
    for (const [name, { sha256 }] of metadata.targets?.targets ?? []) {
      const bytes = targetFiles.get(name);
      if (bytes) files.set(targetPath(name, sha256), bytes);
    }
  }
  return async (path, maxBytes) => files.get(path) ?? (await store.read(path, maxBytes));
}

function addMetadata(
  files: Map<string, Uint8Array>,
  role: RoleName,
  metadata: { readonly version: number; readonly bytes: Uint8Array } | undefined,
): void {
  if (metadata) files.set(metadataPath(role, metadata.version), metadata.bytes);
}
