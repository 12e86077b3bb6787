import type { EventKind, Intent } from '../src/config/intent.ts';
import type { RootPolicy } from '../src/config/root-policy.ts';
import { equalBytes } from '../src/core/bytes.ts';
import { formatInstant } from '../src/core/clock.ts';
import type { JsonObject } from '../src/core/json.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import { type Documents, parseDocument, type RootDocument } from '../src/tuf/document.ts';
import type { RoleName } from '../src/tuf/layout.ts';
import type { RootMetadata, SnapshotMetadata, TargetsMetadata } from '../src/tuf/metadata.ts';
import { type Quorum, quorumOf, sameQuorum } from '../src/tuf/threshold.ts';
import { bothKeysOf } from './both-keys.ts';
import type { StoredBundle } from './bundles.ts';
import {
  expiry,
  type RootKeys,
  rootDocument,
  snapshotDocument,
  targetsDocument,
  timestampDocument,
} from './documents.ts';

/** What is signed without people goes by a name of its own. */
export type Purpose = EventKind | 'resign-online';

/** The roles that people sign. */
export type OfflineRole = 'root' | 'targets';

export interface PlannedPayload {
  readonly role: RoleName;
  readonly signed: JsonObject;
  /** Each of these must be met: what replaces a root, or is signed by other keys from then on, has the old and the new. */
  readonly quorums: readonly Quorum[];
}

/** What is in force, as far as a plan builds on it. */
export interface Standing {
  readonly root: RootMetadata;
  readonly targets: TargetsMetadata;
  /** Whoever signs root and targets alone needs none. */
  readonly snapshot?: SnapshotMetadata;
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
  readonly versions: { readonly [Role in RoleName]?: number };
}

/**
 * Returns until when a client that is kept from what follows may be given what is in force now, by somebody who has the
 * online key as well: neither root nor targets can be made to last longer without their holders.
 */
export function exposureEnd({ root, targets }: Pick<Standing, 'root' | 'targets'>): Date {
  return root.expires < targets.expires ? root.expires : targets.expires;
}

/**
 * What a ceremony would sign, and the state that it follows on. Made by pure functions; nothing in it has been
 * checked: `freeze` does that, and nothing but a `FrozenPlan` can be signed.
 */
export interface Plan {
  readonly intent: Purpose;
  readonly policy: RootPolicy;
  readonly now: Date;
  /** What is published; `undefined` before the first root. */
  readonly current: Standing | undefined;
  readonly payloads: readonly PlannedPayload[];
  /** What the event was said to be for. Absent where one machine holds all keys and nothing was announced. */
  readonly announced?: Intent;
  /** Contents of the targets that will be listed, by name. */
  readonly targetFiles?: ReadonlyMap<string, Uint8Array>;
  /** Bundles that must go on verifying. */
  readonly bundles?: readonly StoredBundle[];
}

interface Occasion {
  readonly policy: RootPolicy;
  readonly now: Date;
}

export interface GenesisPlanOptions extends Occasion, RootKeys {
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** @default 1; higher where an interrupted genesis left a file */
  readonly targetsVersion?: number;
  /** A first root that an interrupted genesis left, to go on with. */
  readonly root?: RootMetadata;
}

/** Plans the first root and the first targets. */
export function planGenesis(options: GenesisPlanOptions): Plan {
  const { policy, now } = options;
  const root = options.root?.signed ?? rootDocument(policy, options, { now });
  const version = options.targetsVersion ?? 1;
  const targets = targetsDocument(options.targets, { version, expires: expiry(policy, 'targets', now) });
  return planOffline({ intent: 'genesis', policy, now, current: undefined, root, targets });
}

export interface RenewalPlanOptions extends Occasion {
  readonly current: Standing;
  readonly roles: readonly OfflineRole[];
  readonly targetsVersion: number;
}

/** Plans the same root and the same targets with later expiries: no key, threshold or target changes. */
export function planRenewal(options: RenewalPlanOptions): Plan {
  const { policy, now, current } = options;
  const next = (role: OfflineRole, version: number): JsonObject => ({
    ...current[role].signed,
    version,
    expires: formatInstant(expiry(policy, role, now)),
  });
  const root = options.roles.includes('root') ? next('root', current.root.version + 1) : undefined;
  const targets = options.roles.includes('targets') ? next('targets', options.targetsVersion) : undefined;
  return planOffline({ intent: 'renew', policy, now, current, root, targets });
}

export interface TargetsPlanOptions extends Occasion {
  readonly current: Standing;
  readonly targets: ReadonlyMap<string, Uint8Array>;
  readonly targetsVersion: number;
}

/** Plans targets metadata that lists exactly the given files. */
export function planTargets(options: TargetsPlanOptions): Plan {
  const { policy, now, current, targetsVersion: version } = options;
  const expires = expiry(policy, 'targets', now);
  const targets = targetsDocument(options.targets, { version, expires, current: current.targets });
  return planOffline({ intent: 'update-targets', policy, now, current, root: undefined, targets });
}

export interface EventPlanOptions extends Occasion {
  readonly intent: Intent;
  readonly current: Standing | undefined;
  readonly keys: RootKeys;
  /** Contents of every target that shall be listed. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  readonly targetsVersion: number;
  /** Whether a first root says that it is a rehearsal's. @default false */
  readonly rehearsal?: boolean;
  /** What the targets shall delegate. @default what they do in force */
  readonly delegations?: JsonObject | undefined;
  /** Bundles that must go on verifying. @default none */
  readonly bundles?: readonly StoredBundle[];
}

/**
 * Plans what leads from what is in force to what policy, keys and targets ask for: a root if anything in it changes,
 * targets if their content, their keys or their threshold change, each also where it shall be renewed.
 */
export function planEvent(options: EventPlanOptions): Plan {
  const { intent, policy, now, current, targetsVersion: version, rehearsal } = options;
  const wanted = rootDocument(policy, options.keys, { now, current: current?.root, rehearsal });
  const changes = current === undefined || !sameBody(wanted, current.root.signed);
  const root = changes || intent.renew.includes('root') ? wanted : undefined;
  const expires = expiry(policy, 'targets', now);
  const own = targetsDocument(options.targets, { version, expires, current: current?.targets });
  const listed = options.delegations ? { ...own, delegations: options.delegations } : own;
  const stays =
    current !== undefined &&
    !intent.renew.includes('targets') &&
    sameBody(listed, current.targets.signed) &&
    (root === undefined || quorumsOf('targets', current.root, parseDocument(root, 'root')).length === 1);
  const plan = planOffline({
    intent: intent.kind,
    announced: intent,
    policy,
    now,
    current,
    root,
    targets: stays ? undefined : listed,
  });
  return { ...plan, targetFiles: options.targets, bundles: options.bundles ?? [] };
}

interface OfflinePlanOptions extends Occasion {
  readonly announced?: Intent;
  readonly intent: EventKind;
  readonly current: Standing | undefined;
  readonly root: JsonObject | undefined;
  readonly targets: JsonObject | undefined;
}

function planOffline({ intent, announced, policy, now, current, root, targets }: OfflinePlanOptions): Plan {
  const next = root && parseDocument(root, 'root');
  const payloads = Object.entries({ root, targets }).flatMap(([name, signed]): readonly PlannedPayload[] => {
    const role = name as OfflineRole;
    return signed
      ? [{ role, signed, quorums: quorumsFor(role, { before: current?.root, after: next, announced }) }]
      : [];
  });
  return { intent, policy, now, current, payloads, ...(announced && { announced }) };
}

/** Returns everything that a payload needs: what clients of both roots ask for, and what the intent promises besides. */
export function quorumsFor(
  role: OfflineRole,
  {
    before,
    after,
    announced,
  }: { before: RootDocument | undefined; after: RootDocument | undefined; announced: Intent | undefined },
): readonly Quorum[] {
  const both = role === 'root' && announced && before && after ? bothKeysOf(announced, before, after) : [];
  return [...quorumsOf(role, before, after), ...both];
}

/**
 * Returns whom a file of a role needs that clients of both roots accept, of the one in force and of the next: one
 * quorum, or two where their keys or thresholds differ.
 *
 * A root always needs both (TUF §6.1). For the others the old quorum is what keeps clients going between the two
 * writes of a publication, and whoever has not yet seen the new root.
 */
export function quorumsOf(
  role: RoleName,
  before: RootDocument | undefined,
  after: RootDocument | undefined,
): readonly Quorum[] {
  const [older, newer] = [before, after].map((root) => root && quorumOf(root, role));
  if (older && newer && role !== 'root' && sameQuorum(older, newer)) return [newer];
  return [older, newer].flatMap((quorum) => quorum ?? []);
}

/** True if two documents differ in nothing but version and expiry. */
function sameBody(a: JsonObject, b: JsonObject): boolean {
  const body = (signed: JsonObject) => canonicalize({ ...signed, version: 0, expires: '' });
  return equalBytes(body(a), body(b));
}

export interface OnlinePlanOptions extends Occasion {
  readonly current: Standing | undefined;
  /** The root in force once everything is published. */
  readonly root: RootMetadata;
  /** The root that clients may still have when they see this. @default the same */
  readonly formerRoot?: RootMetadata | undefined;
  readonly version: number;
}

export interface SnapshotPlanOptions extends OnlinePlanOptions {
  readonly targetsVersion: number;
  /** Delegated roles of which there is new metadata. @default none */
  readonly delegated?: ReadonlyMap<string, { readonly metadata: TargetsMetadata }> | undefined;
}

/** Plans a snapshot. A file that was listed stays listed: clients refuse a snapshot that forgets one. */
export function planSnapshot(options: SnapshotPlanOptions): Plan {
  const listed = (options.current?.snapshot?.signed['meta'] ?? {}) as JsonObject;
  const roles = [...(options.delegated ?? [])].map(
    ([role, { metadata }]) => [`${role}.json`, { version: metadata.version }] as const,
  );
  const meta = { ...listed, ...Object.fromEntries(roles), 'targets.json': { version: options.targetsVersion } };
  const own = snapshotDocument(meta, options.version, expiry(options.policy, 'snapshot', options.now));
  const signed = { ...options.current?.snapshot?.signed, ...own };
  return onlinePlan(options, 'snapshot', signed);
}

/** Plans a timestamp; the snapshot file must be final, for the timestamp holds its hash. */
export function planTimestamp(
  options: OnlinePlanOptions & { readonly snapshot: { readonly version: number; readonly bytes: Uint8Array } },
): Plan {
  const expires = expiry(options.policy, 'timestamp', options.now);
  return onlinePlan(options, 'timestamp', timestampDocument(options.snapshot, options.version, expires));
}

function onlinePlan(options: OnlinePlanOptions, role: 'snapshot' | 'timestamp', signed: JsonObject): Plan {
  const { policy, now, current } = options;
  const quorums = quorumsOf(role, options.formerRoot, options.root);
  return { intent: 'resign-online', policy, now, current, payloads: [{ role, signed, quorums }] };
}

/** A plan with its payloads parsed: what rules look at. */
export interface ReviewedPlan extends Plan {
  readonly documents: { readonly [Role in RoleName]?: Documents[Role] };
}

/**
 * Parses the payloads of a plan.
 * @throws TUF_METADATA, CORE_TIME where the rule `well-formed` is violated
 */
export function parsePayloads(plan: Plan): ReviewedPlan {
  const documents = plan.payloads.map(({ role, signed }) => [role, parseDocument(signed, role)] as const);
  return { ...plan, documents: Object.fromEntries(documents) };
}
