import { join } from 'node:path';
import type { StateDirectory } from '../local/state.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import { privateFileMode, readFileCapped, readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../src/core/json.ts';
import { maxMetadataBytes, metadataPath, roleNames } from '../src/tuf/layout.ts';
import type { AuthenticRepository } from '../src/tuf/repository.ts';

const limits = { maxBytes: 65_536 };
const maxPolicyBytes = 1_048_576;

/**
 * Passes if the instance's own policy is the one that it signed by, and its pinned root the one that clients pinned,
 * as far as anything was published yet; returns what is remembered of that. Neither is ever made anew from what is
 * published.
 * @throws OPS_POLICY_CHANGED, OPS_PINNED_ROOT (evidence)
 */
export async function assertOwnRootSigning(state: StateDirectory, policyFile: string): Promise<JsonObject | undefined> {
  const memory = await readMemory(state);
  if (!memory) return undefined;
  if (memory['policySha256'] !== (await policyDigest(policyFile))) throw policyChanged(policyFile);
  const pinned = await readFileIfPresent(state.pinnedRootFile, maxMetadataBytes.root);
  if (pinned === undefined || memory['pinnedRootSha256'] !== sha256Hex(pinned))
    throw pinnedRootChanged(state, memory, pinned);
  return memory;
}

/**
 * Passes if what is published is not older than what this instance published before (see also `assertOwnRootSigning`).
 * A directory that was put back from a backup verifies on its own; only a memory tells that it is old.
 * @throws OPS_ROLLED_BACK, OPS_MEMORY_LOST, OPS_POLICY_CHANGED, OPS_PINNED_ROOT (evidence)
 */
export async function assertRemembered(
  state: StateDirectory,
  policyFile: string,
  repository: AuthenticRepository,
): Promise<void> {
  const memory = await assertOwnRootSigning(state, policyFile);
  if (!memory) return assertFirstPublication(state, repository);
  for (const role of roleNames) {
    const seen = memory[role];
    if (!isJsonObject(seen)) throw memoryLost(state, repository);
    const { version, canonicalSha256: sha256 } = repository[role];
    const isNewer = typeof seen['version'] === 'number' && version > seen['version'];
    if (!isNewer && (version !== seen['version'] || sha256 !== seen['sha256']))
      throw rolledBack(state, role, seen, version);
  }
}

/**
 * Remembers what is published now: after the publication, for a crash in between leaves a memory that allows for more.
 * The policy and the pinned root are those of the first time, and no version goes back, whoever remembers last.
 */
export async function rememberPublished(
  state: StateDirectory,
  policyFile: string,
  repository: AuthenticRepository,
): Promise<void> {
  const before = await readMemory(state);
  const roles = roleNames.map((role) => {
    const { version, canonicalSha256: sha256 } = repository[role];
    const seen = before?.[role];
    const isBehind = isJsonObject(seen) && Number(seen['version']) > version;
    return [role, isBehind ? seen : { version, sha256 }] as const;
  });
  const first = (repository.roots[0] ?? repository.root).bytes;
  const memory = {
    policySha256: before?.['policySha256'] ?? (await policyDigest(policyFile)),
    pinnedRootSha256: before?.['pinnedRootSha256'] ?? sha256Hex(first),
    ...Object.fromEntries(roles),
  };
  await replaceFile(state.publishedMemoryFile, `${JSON.stringify(memory, undefined, 2)}\n`, { mode: privateFileMode });
}

/** @throws OPS_REPOSITORY_LOST (evidence): an instance that clients have pinned must not begin anew */
export function repositoryLost(state: StateDirectory): ToolkitError {
  return new ToolkitError('OPS_REPOSITORY_LOST', {
    message: `${state.repository}: expected the published repository of the pinned root, found no timestamp.json`,
    fault: 'evidence',
    data: { repository: state.repository, pinnedRoot: state.pinnedRootFile },
    hint: 'put the directory back from a backup; clients pinned its root, so another one cannot take its place',
  });
}

/**
 * Passes if the published root of version 1 is the one that clients pin: nobody who starts from the pinned file reads
 * it, and who starts from the mirror alone would trust another.
 * @throws OPS_ROOT_CHANGED (evidence)
 */
export async function assertPublishesPinnedRoot(state: StateDirectory, pinnedRoot: Uint8Array): Promise<void> {
  const path = join(state.repository, metadataPath('root', 1));
  if (sha256Hex(await readFileCapped(path, maxMetadataBytes.root)) === sha256Hex(pinnedRoot)) return;
  throw new ToolkitError('OPS_ROOT_CHANGED', {
    message: `${path}: is not the root that clients pin (${state.pinnedRootFile})`,
    fault: 'evidence',
    data: { path, pinnedRoot: state.pinnedRootFile },
    hint: 'somebody changed one of the two; put the published one back as it was',
  });
}

/** A crash after the first publication leaves nothing remembered; after any other, the memory of the one before. */
function assertFirstPublication(state: StateDirectory, { root, timestamp }: AuthenticRepository): void {
  if (root.version > 1 || timestamp.version > 1) throw memoryLost(state, { root, timestamp });
}

function memoryLost(
  state: StateDirectory,
  { root, timestamp }: Pick<AuthenticRepository, 'root' | 'timestamp'>,
): ToolkitError {
  const path = state.publishedMemoryFile;
  return new ToolkitError('OPS_MEMORY_LOST', {
    message: `${path}: expected what was published before timestamp v${timestamp.version}, found none`,
    fault: 'evidence',
    data: { path, root: root.version, timestamp: timestamp.version },
    hint: 'put the file back from a backup: without it nothing tells whether an old copy of the repository was put back',
  });
}

async function readMemory(state: StateDirectory): Promise<JsonObject | undefined> {
  const bytes = await readFileIfPresent(state.publishedMemoryFile, limits.maxBytes);
  return bytes && parseJsonObject(bytes, { what: state.publishedMemoryFile, ...limits });
}

async function policyDigest(policyFile: string): Promise<string> {
  return sha256Hex(await readFileCapped(policyFile, maxPolicyBytes));
}

function policyChanged(policyFile: string): ToolkitError {
  return new ToolkitError('OPS_POLICY_CHANGED', {
    message: `${policyFile}: is not the policy by which the root of this instance was made`,
    fault: 'evidence',
    data: { policyFile },
    hint: 'thresholds, holders and periods change in a ceremony; put the file back, or start a new instance with --state',
  });
}

function pinnedRootChanged(state: StateDirectory, memory: JsonObject, pinned: Uint8Array | undefined): ToolkitError {
  const [path, expected] = [state.pinnedRootFile, memory['pinnedRootSha256']];
  const got = pinned && sha256Hex(pinned);
  return new ToolkitError('OPS_PINNED_ROOT', {
    message: `${path}: expected the root with the sha256 ${expected} that clients pinned, got ${got ?? 'none'}`,
    fault: 'evidence',
    data: { path, expected, got: got ?? null },
    hint: 'put that file back from a backup or from somebody who pinned it; never from the repository unless its sha256 is this one',
  });
}

function rolledBack(state: StateDirectory, role: string, seen: JsonObject, version: number): ToolkitError {
  return new ToolkitError('OPS_ROLLED_BACK', {
    message: `${state.repository}: ${role}: expected v${seen['version']} as it was published, or later, got ${version === seen['version'] ? 'other content' : `v${version}`}`,
    fault: 'evidence',
    data: { repository: state.repository, role, seen, version },
    hint: 'an old copy of the directory was put back; clients that saw the newer one refuse it: put that one back',
  });
}
