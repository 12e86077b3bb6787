import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Intent } from '../../src/config/intent.ts';
import { type RootPolicy, readRootPolicy } from '../../src/config/root-policy.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { pathExists, readFileCapped } from '../../src/core/files.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { isPlainName } from '../../src/tuf/layout.ts';
import { maxTargetBytes } from '../../src/tuf/repository.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { attestationPolicyOf } from '../attestation-policy.ts';
import type { StoredBundle } from '../bundles.ts';
import type { RootKeys } from '../documents.ts';
import { type HolderKeys, readHolderKeys } from '../holders/key-directory.ts';
import { ownersOf } from '../owners.ts';
import { readBundles } from './bundles.ts';
import { type DelegationFiles, readDelegations } from './delegations.ts';
import { type RepositoryIdentity, readIdentity } from './identity.ts';
import type { RootSigningLayout } from './layout.ts';
import { type OnlineKey, readOnlineKey } from './online-key.ts';
import { type Recorded, readRecorded } from './standing.ts';

/** Everything in `root-signing/` that a plan follows from. */
export interface RootSigning {
  readonly layout: RootSigningLayout;
  readonly identity: RepositoryIdentity;
  readonly policy: RootPolicy;
  readonly recorded: Recorded | undefined;
  readonly holders: ReadonlyMap<string, HolderKeys>;
  /** Absent until somebody names the key; a recorded root makes up for it, until it is to sign. */
  readonly online: OnlineKey | undefined;
  /** What is in `delegations/`, by role. */
  readonly delegations: ReadonlyMap<string, DelegationFiles>;
  /** What is in `targets/`, by name. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** What is in `bundles/`. */
  readonly bundles: readonly StoredBundle[];
}

/**
 * Reads `root-signing/`, and verifies what can be: the recorded metadata, and every holder's proof and attestation.
 * @throws as `readIdentity`, `readRootPolicy`, `readRecorded`, `readHolderKeys` and `readOnlineKey`; CER_TARGET_NAME
 */
export async function openRootSigning(layout: RootSigningLayout): Promise<RootSigning> {
  const identity = await readIdentity(layout);
  const policy = await readRootPolicy(layout.policy);
  const recorded = await readRecorded(layout, identity.firstRoot);
  return {
    layout,
    identity,
    policy,
    recorded,
    holders: await readHolderKeys(layout.directory, { repository: identity.id, policy: attestationPolicyOf(policy) }),
    online: (await pathExists(layout.onlineKey)) ? await readOnlineKey(layout.onlineKey) : undefined,
    delegations: await readDelegations(layout),
    targets: await readTargets(layout),
    bundles: await readBundles(layout),
  };
}

/**
 * Returns the keys that the next root shall list: what holders enrolled, and for those who enrolled nothing here (an
 * imported repository) the keys that the root in force says are theirs.
 */
export function wantedKeys({ policy, recorded, holders, online }: RootSigning): RootKeys {
  const named = [...new Set([...policy.root.holders, ...policy.targets.holders])];
  const own = named.flatMap((id) => {
    const key = holders.get(id)?.main?.enrolment.publicKey ?? publishedKey(recorded, id);
    return key ? [[id, key] as const] : [];
  });
  const forTargets = policy.targets.holders.flatMap((id) => {
    const { main, targets } = holders.get(id) ?? {};
    const key = targets?.enrolment.publicKey ?? (main ? undefined : publishedKey(recorded, id, 'targets'));
    return key && key !== publishedKey(recorded, id) ? [[id, key] as const] : [];
  });
  return { holders: new Map(own), forTargets: new Map(forTargets), online: online?.publicKey };
}

/** Returns the files that an event signs: those in `targets/` if it says that they change, and those in force if not. */
export function wantedTargets(
  { recorded, targets }: Pick<RootSigning, 'recorded' | 'targets'>,
  { changesTargets }: Intent,
): ReadonlyMap<string, Uint8Array> {
  return changesTargets || !recorded ? targets : recorded.targetFiles;
}

/** The key of a holder in the root in force, in a role: by default in root, or in targets for who is in no other. */
function publishedKey(recorded: Recorded | undefined, holder: string, role?: 'root' | 'targets') {
  if (!recorded) return undefined;
  const owners = ownersOf(recorded.root);
  const keys = (role ? [role] : (['root', 'targets'] as const)).flatMap((name) => quorumOf(recorded.root, name).keys);
  return keys.find(({ keyid }) => owners.get(keyid) === holder)?.publicKey;
}

async function readTargets({ targets: directory }: RootSigningLayout): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(directory, error);
  });
  const files = new Map<string, Uint8Array>();
  for (const entry of entries.filter((each) => !each.isDirectory())) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path);
    if (!entry.isFile() || !isPlainName(name)) throw notATarget(path);
    files.set(name, await readFileCapped(path, maxTargetBytes));
  }
  return files;
}

function notATarget(path: string): ToolkitError {
  return new ToolkitError('CER_TARGET_NAME', {
    message: `${path}: expected a file with a name of letters, digits, ".", "_", "-", "+" and "@"`,
    fault: 'input',
    data: { path },
    hint: 'everything in targets/ is published; move away what is not for clients, links included',
  });
}
