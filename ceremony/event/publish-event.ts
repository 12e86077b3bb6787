import { join } from 'node:path';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makeDirectory, removeFile, replaceFile } from '../../src/core/files.ts';
import type { Signer } from '../../src/core/signer.ts';
import type { Store } from '../../src/core/store.ts';
import { physicalKeyOf } from '../../src/tuf/key.ts';
import type { RootMetadata, TargetsMetadata } from '../../src/tuf/metadata.ts';
import type { AuthenticRepository, DelegatedRole } from '../../src/tuf/repository.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { SignedFiles } from '../assemble.ts';
import { publishChange } from '../change.ts';
import { exclusively } from '../lock.ts';
import { type Publication, readLive } from '../publish.ts';
import { assertInTime, assertSameAs } from '../review/refusals.ts';
import { type RootSigning, wantedTargets } from '../root-signing/open.ts';
import { recordPublished } from '../root-signing/standing.ts';
import { readAssembled } from './assemble-event.ts';
import { assertFrozen, type Event, intentOf } from './event.ts';
import type { PlanDocument } from './plan-document.ts';

export interface PublishEventOptions {
  readonly rootSigning: RootSigning;
  readonly event: Event;
  readonly store: Store;
  /** Opens the key of snapshot and timestamp that the root names once everything is published. */
  readonly online: Signer;
  /** The key that it replaces; needed where the event replaces it and somebody still has it. */
  readonly formerOnline?: Signer | undefined;
  readonly now: Date;
}

/**
 * Publishes an assembled event: signs snapshot and timestamp, has two clients judge the outcome, and every state on the
 * way there, then writes, reads back, and records it. May be repeated after a crash, and does what is left to do.
 * @throws CER_NOT_FROZEN, CER_PLAN_TOO_OLD, CER_PLAN_STALE if another event was published since
 * @throws CER_ONLINE_KEY, CER_FORMER_ONLINE_KEY; and as `publishChange`
 */
export async function publishEvent(options: PublishEventOptions): Promise<Publication> {
  const { rootSigning, event, store, now } = options;
  assertFrozen(event);
  assertInTime(event.plan, rootSigning.policy, now);
  // By it is decided what is written first: it must be the one that holders read.
  assertSameAs(event.layout.intent, event.plan.intentSha256, sha256Hex(event.intent));
  const offline = await readAssembled(event);
  const pinnedRoot = pinnedRootOf(rootSigning, offline);
  return await exclusively(store, async () => {
    const mending = {
      rootFirst: rootFirst(event) ? offline.metadata.root : undefined,
      ownTimestamp: event.plan.kind === 'recover-fast-forward' ? rootSigning.recorded?.timestamp.bytes : undefined,
    };
    const current = await readLive(store, pinnedRoot.bytes, mending);
    assertBuildsOn(event.plan, current, store);
    const publication = await publishChange({
      ...(await changeOf(options, offline, current)),
      ownTimestamp: mending.ownTimestamp,
      pinnedRoot: pinnedRoot.bytes,
    });
    await recordPublished(rootSigning.layout, publication.repository);
    await removeFile(rootSigning.layout.formerOnlineKey);
    await writeResult(event, publication, now);
    return publication;
  });
}

async function changeOf(
  { rootSigning, event, store, online, formerOnline, now }: PublishEventOptions,
  offline: SignedFiles,
  current: AuthenticRepository | undefined,
) {
  const { policy, recorded } = rootSigning;
  const root = offline.metadata.root ?? current?.root ?? recorded?.root;
  if (!root) throw new TypeError('an event without a root follows on one');
  const first = rootFirst(event);
  return {
    policy,
    store,
    online,
    formerOnline: first ? undefined : formerNeeded(root, current, formerOnline),
    now,
    current,
    // Once the new root is in force, what is published is our own, of a run that was interrupted.
    standing:
      event.plan.kind === 'recover-fast-forward' && current?.root.version !== root.version ? recorded : undefined,
    offline,
    root,
    targetsVersion: offline.metadata.targets?.version ?? current?.versions.targets ?? 1,
    targetFiles: new Map([...(current?.targetFiles ?? []), ...wantedTargets(rootSigning, intentOf(event))]),
    delegated: newDelegated(rootSigning, offline.metadata.targets ?? current?.targets),
    resignSnapshot: false,
    rootFirst: first,
  };
}

/** What owners of delegated roles signed goes out with an event: whether their keys did, clients judge before it does. */
function newDelegated(
  { delegations }: RootSigning,
  targets: TargetsMetadata | undefined,
): ReadonlyMap<string, DelegatedRole> {
  const roles = (targets?.delegations ?? []).flatMap(({ name }) => {
    const signed = delegations.get(name)?.signed;
    return signed ? [[name, signed] as const] : [];
  });
  return new Map(roles);
}

/** Whether the keys of the root in force cannot help, or must not. */
function rootFirst(event: Event): boolean {
  const intent = intentOf(event);
  return intent.kind === 'recover-fast-forward' || intent.lost.includes('online');
}

/** Clients that have the old root must accept what is published before the new one. */
function formerNeeded(
  root: RootMetadata,
  current: AuthenticRepository | undefined,
  former: Signer | undefined,
): Signer | undefined {
  if (!current) return undefined;
  const keysOf = (of: RootMetadata) => quorumOf(of, 'timestamp').keys.map(({ physicalKey }) => physicalKey);
  const replaced = keysOf(current.root).filter((key) => !keysOf(root).includes(key));
  if (replaced.length === 0) return undefined;
  if (former && replaced.includes(physicalKeyOf(former.publicKey))) return former;
  throw new ToolkitError('CER_FORMER_ONLINE_KEY', {
    message: `root v${root.version} replaces the online key of root v${current.root.version}: expected that key to sign too, got ${former?.uri ?? 'none'}`,
    fault: 'input',
    data: { root: root.version, got: former?.uri ?? null },
    hint: 'make the key of online/former-key.json reachable; if nobody has it any more, say `lost: [online]` in the intent: clients then fail for a moment',
  });
}

function pinnedRootOf({ recorded }: RootSigning, { metadata }: SignedFiles): RootMetadata {
  const first = recorded?.roots[0] ?? metadata.root;
  if (first) return first;
  throw new TypeError('the first event has a root');
}

/** Another event that was published since the plan was made has used its versions, or changed what it builds on. */
function assertBuildsOn(plan: PlanDocument, current: AuthenticRepository | undefined, store: Store): void {
  const planned = (role: 'root' | 'targets') => plan.payloads.find((payload) => payload.role === role)?.sha256;
  for (const role of ['root', 'targets'] as const) {
    const published = current?.[role].canonicalSha256;
    if (published === plan.base?.[role].sha256 || published === planned(role)) continue;
    throw new ToolkitError('CER_PLAN_STALE', {
      message: `${store.uri}: ${role} ${current ? `v${current.versions[role]}` : 'of nobody'} is published, plan ${plan.event} builds on ${plan.base ? `v${plan.base[role].version}` : 'nothing'}`,
      fault: 'input',
      data: { role, event: plan.event, published: current?.versions[role] ?? null },
      hint: 'another event was published since, or this is another repository: plan again from what is published',
    });
  }
}

async function writeResult(event: Event, { repository, changed }: Publication, now: Date): Promise<void> {
  const { layout, plan, planDigest } = event;
  const { versions, root } = repository;
  await makeDirectory(layout.verdicts);
  for (const judge of ['sigstead', 'tuf-js']) {
    const verdict = { judge, verdict: 'accepts', at: formatInstant(now), versions };
    await replaceFile(join(layout.verdicts, `${judge}.json`), `${JSON.stringify(verdict, undefined, 2)}\n`);
  }
  const result = {
    format: 'sigstead-result/v1',
    event: plan.event,
    revision: plan.revision,
    planDigest,
    published: formatInstant(now),
    versions,
    root: { version: root.version, sha256: root.canonicalSha256 },
    changed,
  };
  await replaceFile(layout.result, `${JSON.stringify(result, undefined, 2)}\n`);
}
