import { join } from 'node:path';
import { type RepositoryOptions, readCurrent } from '../ceremony/change.ts';
import { runGenesis } from '../ceremony/genesis.ts';
import { renewRoot } from '../ceremony/renew.ts';
import { type ResignOnlineOptions, type ResignOnlineResult, resignOnline } from '../ceremony/resign-online.ts';
import { updateTargets } from '../ceremony/update-targets.ts';
import type { KeyStore } from '../local/key-store.ts';
import type { StateDirectory } from '../local/state.ts';
import type { Talk } from '../src/cli/command.ts';
import { type RootPolicy, readRootPolicy } from '../src/config/root-policy.ts';
import { utf8 } from '../src/core/bytes.ts';
import type { Clock } from '../src/core/clock.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import { createFile, makePrivateDirectory, pathExists, readFileCapped } from '../src/core/files.ts';
import { type Json, parseJsonObject } from '../src/core/json.ts';
import type { Reached } from '../src/core/moment.ts';
import { asStep, type Progress } from '../src/core/progress.ts';
import type { Signer } from '../src/core/signer.ts';
import { allOf } from '../src/core/wait.ts';
import { directoryStore } from '../src/store/directory-store.ts';
import { type CompiledTrust, trustFileNames } from '../src/trust/compile.ts';
import { diffTrust } from '../src/trust/diff.ts';
import type { TrustFiles } from '../src/trust/lint.ts';
import { maxMetadataBytes, metadataPath, timestampPath } from '../src/tuf/layout.ts';
import type { AuthenticRepository, VerifiedRepository } from '../src/tuf/repository.ts';
import { followedStore } from './followed-store.ts';
import {
  assertOwnRootSigning,
  assertPublishesPinnedRoot,
  assertRemembered,
  rememberPublished,
  repositoryLost,
} from './published-memory.ts';

const maxSigningConfigBytes = 1 << 20;

/** Of the signing configuration: what follows `sigstead.yaml` from start to start. The rest of the trust never changes. */
const followingFields = ['oidcUrls', 'tsaConfig'] as const;

export interface RootOfTrustOptions {
  /** As the instance was accepted with; the state directory keeps a copy of the first one. */
  readonly policy: RootPolicy;
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

/** Name in the key store of the key of a holder. */
export function holderKeyName(id: string): string {
  return `holder-${id}`;
}

export function rootPolicyFile(state: StateDirectory): string {
  return join(state.rootSigning, 'policy.yaml');
}

/**
 * Returns the instance's root of trust: made at the first start by a quorum of its holders, and at later starts
 * verified from the pinned root, renewed where it is due, and given the issuers and the selection of the configuration.
 *
 * A local instance holds the keys of all its holders in files, so it can renew its own root; one that people rely on
 * keeps its own with people.
 * @throws CER_CLOCK_WENT_BACK if the timestamp is valid for longer than the policy allows
 * @throws OPS_REPOSITORY_LOST, OPS_ROOT_CHANGED, OPS_ROLLED_BACK, OPS_MEMORY_LOST, OPS_POLICY_CHANGED, OPS_PINNED_ROOT if it is not what was published
 * @throws OPS_TRUST_CHANGED if an authority in the published targets is not the one that this instance compiles to
 */
export async function ensureRootOfTrust(options: RootOfTrustOptions): Promise<RootOfTrust> {
  const { state, talk } = options;
  const policy = await ownPolicy(options);
  await assertOwnRootSigning(state, rootPolicyFile(state));
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
  const current = await readCurrent(store, pinnedRoot);
  await assertRemembered(state, rootPolicyFile(state), current);
  assertSameAuthorities(current, options);
  // Before anything new is published: a run that is killed after it was must leave the memory of this.
  await rememberPublished(state, rootPolicyFile(state), current);
  const signing = { policy, store, online, pinnedRoot, now: options.clock.now(), holders: quorum(policy, holders) };
  const renewed = await renewRoot(signing);
  for (const notice of renewed.notices) talk.warn(`root of trust: ${notice}`);
  const changes = diffTrust(publishedTrust(renewed.repository), options.trust);
  for (const change of changes) talk.warn(`published trust: ${change}`);
  const { repository } =
    changes.length > 0 ? await updateTargets({ ...signing, targets: targetsOf(options.trust) }) : renewed;
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

/**
 * Signs the online roles where they are due, if what is published is what this instance published last.
 * @throws as `resignOnline` and `assertRemembered`
 */
export async function resignRemembered(
  state: StateDirectory,
  options: ResignOnlineOptions,
): Promise<ResignOnlineResult> {
  const policyFile = rootPolicyFile(state);
  return await resignOnline({
    ...options,
    // A fresh timestamp over an old copy would make that copy the one to remember.
    accept: (current) => assertRemembered(state, policyFile, current),
    remember: (repository) => rememberPublished(state, policyFile, repository),
  });
}

/** Reads a published repository, expired or not. */
export async function readPublished(state: StateDirectory): Promise<AuthenticRepository> {
  return await readCurrent(
    directoryStore(state.repository),
    await readFileCapped(state.pinnedRootFile, maxMetadataBytes.root),
  );
}

/** Copies the policy at the first start: what happens here never touches the real `root-signing/`. */
async function ownPolicy({ policy, state, reached }: RootOfTrustOptions): Promise<RootPolicy> {
  const own = rootPolicyFile(state);
  if (!(await pathExists(own))) {
    await makePrivateDirectory(state.rootSigning);
    await createFile(own, policy.text);
    reached('policy-copied');
  }
  return await readRootPolicy(own);
}

async function openHolders(policy: RootPolicy, keys: KeyStore): Promise<ReadonlyMap<string, Signer>> {
  const opened = policy.holders.map(
    async ({ id }) => [id, await keys.ensure(holderKeyName(id), 'ecdsa-p256-sha256')] as const,
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

function publishedTrust({ targetFiles }: AuthenticRepository): TrustFiles {
  const published = (name: string) => targetFiles.get(name) ?? new Uint8Array();
  return {
    trustedRoot: published(trustFileNames.trustedRoot),
    signingConfig: published(trustFileNames.signingConfig),
  };
}

/** Before anybody signs: holders who play along with changed files would make them true. */
function assertSameAuthorities(current: AuthenticRepository, { state, trust }: RootOfTrustOptions): void {
  const published = publishedTrust(current);
  const { trustedRoot } = trust;
  const changes = diffTrust(published, { trustedRoot, signingConfig: withFollowing(trust, published) });
  if (changes.length === 0) return;
  throw new ToolkitError('OPS_TRUST_CHANGED', {
    message: `${state.repository}: the published trust is not what this instance compiles to: ${changes.join('; ')}`,
    fault: 'evidence',
    data: { repository: state.repository, changes },
    hint: `somebody changed ${state.materialFile} or the repository; put back the one that was changed`,
  });
}

/** The compiled signing configuration, with what may change as it is published. */
function withFollowing(trust: TrustFiles, published: TrustFiles): Uint8Array {
  const [ours, theirs] = [trust, published].map(({ signingConfig }) =>
    parseJsonObject(signingConfig, { what: trustFileNames.signingConfig, maxBytes: maxSigningConfigBytes }),
  );
  const following = followingFields.flatMap((field): [string, Json][] => {
    const value = theirs?.[field];
    return value === undefined ? [] : [[field, value]];
  });
  return utf8(JSON.stringify({ ...ours, ...Object.fromEntries(following) }));
}
