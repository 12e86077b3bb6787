import type { RootPolicy } from '../src/config/root-policy.ts';
import { formatInstant } from '../src/core/clock.ts';
import type { JsonObject } from '../src/core/json.ts';
import { type Documents, parseDocument } from '../src/tuf/document.ts';
import type { RoleName } from '../src/tuf/layout.ts';
import type { RootMetadata } from '../src/tuf/metadata.ts';
import type { AuthenticRepository } from '../src/tuf/repository.ts';
import { type Quorum, quorumOf } from '../src/tuf/threshold.ts';
import {
  expiry,
  type RootKeys,
  rootDocument,
  snapshotDocument,
  targetsDocument,
  timestampDocument,
} from './documents.ts';

export type Intent = 'genesis' | 'renew' | 'update-targets' | 'resign-online';

export interface PlannedPayload {
  readonly role: RoleName;
  readonly signed: JsonObject;
  /** Each of these must be met: a root after another has two, the old and the new. */
  readonly quorums: readonly Quorum[];
}

/**
 * What a ceremony would sign, and the state that it follows on. Made by pure functions; nothing in it has been
 * checked: `freeze` does that, and nothing but a `FrozenPlan` can be signed.
 */
export interface Plan {
  readonly intent: Intent;
  readonly policy: RootPolicy;
  readonly now: Date;
  /** What is published; `undefined` before the first root. */
  readonly current: AuthenticRepository | undefined;
  readonly payloads: readonly PlannedPayload[];
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
  const root = options.root?.signed ?? rootDocument(policy, options, now);
  const parsed = parseDocument(root, 'root');
  const targets = targetsDocument(options.targets, options.targetsVersion ?? 1, expiry(policy, 'targets', now));
  return {
    intent: 'genesis',
    policy,
    now,
    current: undefined,
    payloads: [
      { role: 'root', signed: root, quorums: [quorumOf(parsed, 'root')] },
      { role: 'targets', signed: targets, quorums: [quorumOf(parsed, 'targets')] },
    ],
  };
}

export interface RenewalPlanOptions extends Occasion {
  readonly current: AuthenticRepository;
  readonly roles: readonly ('root' | 'targets')[];
  readonly targetsVersion: number;
}

/** Plans the same root and the same targets with later expiries: no key, threshold or target changes. */
export function planRenewal(options: RenewalPlanOptions): Plan {
  const { policy, now, current } = options;
  const next = (role: 'root' | 'targets', version: number): JsonObject => ({
    ...current[role].signed,
    version,
    expires: formatInstant(expiry(policy, role, now)),
  });
  const root = next('root', current.root.version + 1);
  const quorums = {
    root: [quorumOf(current.root, 'root'), quorumOf(parseDocument(root, 'root'), 'root')],
    targets: [quorumOf(current.root, 'targets')],
  };
  const signed = { root, targets: next('targets', options.targetsVersion) };
  const payloads = options.roles.map((role) => ({ role, signed: signed[role], quorums: quorums[role] }));
  return { intent: 'renew', policy, now, current, payloads };
}

export interface TargetsPlanOptions extends Occasion {
  readonly current: AuthenticRepository;
  readonly targets: ReadonlyMap<string, Uint8Array>;
  readonly targetsVersion: number;
}

/** Plans targets metadata that lists exactly the given files. */
export function planTargets(options: TargetsPlanOptions): Plan {
  const { policy, now, current } = options;
  const signed = targetsDocument(options.targets, options.targetsVersion, expiry(policy, 'targets', now));
  const payload: PlannedPayload = { role: 'targets', signed, quorums: [quorumOf(current.root, 'targets')] };
  return { intent: 'update-targets', policy, now, current, payloads: [payload] };
}

export interface OnlinePlanOptions extends Occasion {
  readonly current: AuthenticRepository | undefined;
  /** The root in force once everything is published. */
  readonly root: RootMetadata;
  readonly version: number;
}

/** Plans a snapshot. A file that was listed stays listed: clients refuse a snapshot that forgets one. */
export function planSnapshot(options: OnlinePlanOptions & { readonly targetsVersion: number }): Plan {
  const listed = (options.current?.snapshot.signed['meta'] ?? {}) as JsonObject;
  const meta = { ...listed, 'targets.json': { version: options.targetsVersion } };
  const signed = snapshotDocument(meta, options.version, expiry(options.policy, 'snapshot', options.now));
  return onlinePlan(options, 'snapshot', signed);
}

/** Plans a timestamp; the snapshot file must be final, for the timestamp holds its hash. */
export function planTimestamp(
  options: OnlinePlanOptions & { readonly snapshot: { readonly version: number; readonly bytes: Uint8Array } },
): Plan {
  const expires = expiry(options.policy, 'timestamp', options.now);
  return onlinePlan(options, 'timestamp', timestampDocument(options.snapshot, options.version, expires));
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

function onlinePlan(options: OnlinePlanOptions, role: 'snapshot' | 'timestamp', signed: JsonObject): Plan {
  const { policy, now, current } = options;
  const payload: PlannedPayload = { role, signed, quorums: [quorumOf(options.root, role)] };
  return { intent: 'resign-online', policy, now, current, payloads: [payload] };
}
