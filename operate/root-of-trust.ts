import { join } from 'node:path';
import { type RepositoryOptions, readCurrent } from '../ceremony/change.ts';
import { runGenesis } from '../ceremony/genesis.ts';
import { renewRoot } from '../ceremony/renew.ts';
import type { KeyStore } from '../local/key-store.ts';
import type { StateDirectory } from '../local/state.ts';
import type { Talk } from '../src/cli/command.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { type RootPolicy, readRootPolicy } from '../src/config/root-policy.ts';
import type { Clock } from '../src/core/clock.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import { createFile, makePrivateDirectory, pathExists, readFileCapped } from '../src/core/files.ts';
import type { Reached } from '../src/core/moment.ts';
import { asStep, type Progress } from '../src/core/progress.ts';
import type { Signer } from '../src/core/signer.ts';
import { allOf } from '../src/core/wait.ts';
import { directoryStore } from '../src/store/directory-store.ts';
import { type CompiledTrust, trustFileNames } from '../src/trust/compile.ts';
import { diffTrust } from '../src/trust/diff.ts';
import { maxMetadataBytes, metadataPath, timestampPath } from '../src/tuf/layout.ts';
import type { AuthenticRepository, VerifiedRepository } from '../src/tuf/repository.ts';
import { followedStore } from './followed-store.ts';
import { assertPublishesPinnedRoot, assertRemembered, rememberPublished, repositoryLost } from './published-memory.ts';

const maxPolicyBytes = 1_048_576;

export interface RootOfTrustOptions {
  readonly config: InstanceConfig;
  readonly state: StateDirectory;
  readonly keys: KeyStore;
  readonly trust: CompiledTrust;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly talk: Talk;
  readonly reached: Reached;
}

export interface RootOfTrust {
  readonly repository: VerifiedRepository;
  readonly policy: RootPolicy;
  /** Of the pinned root's file: what `cosign initialize --root-checksum` compares. */
  readonly pinnedRootSha256: string;
  /** The published `trusted_root.json`. */
  readonly trustedRoot: Uint8Array;
}

export function rootPolicyFile(state: StateDirectory): string {
  return join(state.rootSigning, 'policy.yaml');
}

/**
 * Returns the instance's root of trust: made at the first start by a quorum of its holders, and at later starts
 * verified from the pinned root, and renewed where it is due.
 *
 * A local instance holds the keys of all its holders in files, so it can renew its own root; one that people rely on
 * keeps its own with people.
 * @throws CER_CLOCK_WENT_BACK if the timestamp is valid for longer than the policy allows
 * @throws OPS_REPOSITORY_LOST, OPS_ROOT_CHANGED, OPS_ROLLED_BACK, OPS_POLICY_CHANGED if it is not what was published
 * @throws OPS_TRUST_CHANGED if the published targets are not what this instance compiles to
 */
export async function ensureRootOfTrust(options: RootOfTrustOptions): Promise<RootOfTrust> {
  const { state, talk } = options;
  const policy = await ownPolicy(options);
  const holders = await openHolders(policy, options.keys);
  const online = await options.keys.ensure('tuf-online', 'ecdsa-p256-sha256');
  const store = followedStore(directoryStore(state.repository), options.reached);
  const published = await pathExists(join(state.repository, timestampPath));
  if (!published) {
    if (await pathExists(state.pinnedRootFile)) throw repositoryLost(state);
    await asStep(options.progress, 'root of trust', () => genesis(options, policy, holders, online));
  }
  const pinnedRoot = await keepPinnedRoot(options);
  await assertPublishesPinnedRoot(state, pinnedRoot);
  await assertRemembered(state, rootPolicyFile(state), await readCurrent(store, pinnedRoot));
  const repositoryOptions = { policy, store, online, pinnedRoot, now: options.clock.now() };
  const { repository, notices } = await renewRoot({ ...repositoryOptions, holders: quorum(policy, holders) });
  for (const notice of notices) talk.warn(`root of trust: ${notice}`);
  assertPublishes(repository, options);
  await rememberPublished(state, rootPolicyFile(state), repository);
  options.reached('root-of-trust-verified');
  const trustedRoot = repository.targetFiles.get(trustFileNames.trustedRoot) ?? new Uint8Array();
  return { repository, policy, pinnedRootSha256: sha256Hex(pinnedRoot), trustedRoot };
}

/** Returns everything that a change of the published repository needs, for the online roles of a running instance. */
export async function repositoryOptions(state: StateDirectory, keys: KeyStore, now: Date): Promise<RepositoryOptions> {
  return {
    policy: await readRootPolicy(rootPolicyFile(state)),
    store: directoryStore(state.repository),
    online: await keys.open('tuf-online'),
    pinnedRoot: await readFileCapped(state.pinnedRootFile, maxMetadataBytes.root),
    now,
  };
}

/** Reads a published repository, expired or not. */
export async function readPublished(state: StateDirectory): Promise<AuthenticRepository> {
  return await readCurrent(
    directoryStore(state.repository),
    await readFileCapped(state.pinnedRootFile, maxMetadataBytes.root),
  );
}

/** Copies the policy at the first start: what happens here never touches the real `root-signing/`. */
async function ownPolicy({ config, state, reached }: RootOfTrustOptions): Promise<RootPolicy> {
  const own = rootPolicyFile(state);
  if (!(await pathExists(own))) {
    await readRootPolicy(config.rootPolicyFile);
    await makePrivateDirectory(state.rootSigning);
    await createFile(own, await readFileCapped(config.rootPolicyFile, maxPolicyBytes));
    reached('policy-copied');
  }
  return await readRootPolicy(own);
}

async function openHolders(policy: RootPolicy, keys: KeyStore): Promise<ReadonlyMap<string, Signer>> {
  const opened = policy.holders.map(
    async ({ id }) => [id, await keys.ensure(`holder-${id}`, 'ecdsa-p256-sha256')] as const,
  );
  return new Map(await allOf(opened));
}

/** As few as the thresholds ask for: the root shows 3 signatures of 5 holders, not 5. */
function quorum(policy: RootPolicy, holders: ReadonlyMap<string, Signer>): ReadonlyMap<string, Signer> {
  const ids = [policy.root, policy.targets].flatMap((role) => role.holders.slice(0, role.threshold));
  return new Map([...holders].filter(([id]) => ids.includes(id)));
}

async function genesis(
  options: RootOfTrustOptions,
  policy: RootPolicy,
  holders: ReadonlyMap<string, Signer>,
  online: Signer,
): Promise<void> {
  const signing = quorum(policy, holders);
  const others = [...holders].filter(([id]) => !signing.has(id));
  await makePrivateDirectory(options.state.repository);
  await runGenesis({
    policy,
    holders: signing,
    absent: new Map(others.map(([id, signer]) => [id, signer.publicKey])),
    online,
    targets: targetsOf(options.trust),
    store: followedStore(directoryStore(options.state.repository), options.reached),
    now: options.clock.now(),
  });
}

function targetsOf(trust: CompiledTrust): ReadonlyMap<string, Uint8Array> {
  return new Map([
    [trustFileNames.trustedRoot, trust.trustedRoot],
    [trustFileNames.signingConfig, trust.signingConfig],
  ]);
}

/** Keeps the first root apart from the repository: it is what clients pin, so it must not follow the repository. */
async function keepPinnedRoot({ state, reached }: RootOfTrustOptions): Promise<Uint8Array> {
  if (!(await pathExists(state.pinnedRootFile))) {
    const first = await readFileCapped(join(state.repository, metadataPath('root', 1)), maxMetadataBytes.root);
    await createFile(state.pinnedRootFile, first);
    reached('pinned-root-kept');
  }
  return await readFileCapped(state.pinnedRootFile, maxMetadataBytes.root);
}

function assertPublishes(repository: VerifiedRepository, { state, trust }: RootOfTrustOptions): void {
  const published = (name: string) => repository.targetFiles.get(name) ?? new Uint8Array();
  const before = {
    trustedRoot: published(trustFileNames.trustedRoot),
    signingConfig: published(trustFileNames.signingConfig),
  };
  const changes = diffTrust(before, trust);
  if (changes.length === 0) return;
  throw new ToolkitError('OPS_TRUST_CHANGED', {
    message: `${state.repository}: the published trust is not what this instance compiles to: ${changes.join('; ')}`,
    fault: 'evidence',
    data: { repository: state.repository, changes },
    hint: `somebody changed ${state.materialFile} or the repository; put back the one that was changed`,
  });
}
