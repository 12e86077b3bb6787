import { type Intent, parseIntent } from '../../src/config/intent.ts';
import { parseRootPolicy, type RootPolicy } from '../../src/config/root-policy.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { Finding } from '../../src/core/rules.ts';
import { parseCanonical } from '../../src/tuf/canonical-json.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { parseMetadata, type RootMetadata } from '../../src/tuf/metadata.ts';
import { verifyRootUpdate } from '../../src/tuf/root-chain.ts';
import { quorumOf, verifyThreshold } from '../../src/tuf/threshold.ts';
import { type PlanDocument, parsePlan, planDigest } from '../event/plan-document.ts';
import { type FrozenPlan, freeze } from '../freeze.ts';
import { lintPlan } from '../lint.ts';
import type { Packet } from '../packet/packet.ts';
import type { PinnedRoot } from '../pinned-root.ts';
import { type Plan, quorumsFor, type Standing } from '../plan.ts';
import { type EnrolledKey, enrolledKeys } from './enrolled-keys.ts';
import {
  assertBase,
  assertFollowsOn,
  assertInTime,
  assertListedFiles,
  assertPayload,
  assertPinned,
  assertRehearsal,
  assertSameAs,
} from './refusals.ts';

export interface ReviewOptions {
  /** The root that this holder saw last; kept by the holder, never taken from a packet. */
  readonly pinned: PinnedRoot | undefined;
  readonly now: Date;
}

declare const reviewed: unique symbol;

/** What a packet turned out to be, computed again from its bytes and the holder's own root. Only `reviewPacket` makes one. */
export interface Review {
  readonly [reviewed]: true;
  readonly plan: PlanDocument;
  readonly planDigest: string;
  readonly intent: Intent;
  readonly policy: RootPolicy;
  readonly frozen: FrozenPlan;
  /** The version of the holder's own root; `undefined` at genesis. */
  readonly pinnedVersion: number | undefined;
  /** The root in force, which the holder may pin from now on. */
  readonly root: RootMetadata | undefined;
  /** The keys that the plan adds, and what is known of each. */
  readonly added: readonly EnrolledKey[];
  /** What rules remark that is no error. */
  readonly notes: readonly Finding[];
}

/**
 * Judges a packet: everything that a holder is about to sign is derived again from raw bytes, from the holder's own
 * pinned root upwards. Nothing that the packet says about itself is repeated unchecked.
 * @throws CER_NOT_PINNED, CER_PINNED_OTHER, CER_ROOT_OLDER – evidence, or the wrong packet
 * @throws CER_PACKET_CONTRADICTS if its parts do not belong together
 * @throws CER_PLAN_TOO_OLD, CER_PLAN_FUTURE, CER_PLAN_REFUSED, and what its parsers throw
 */
export function reviewPacket(packet: Packet, options: ReviewOptions): Review {
  const plan = parsePlan(packet.plan, 'plan.json');
  const intent = parseIntent(parseUtf8(packet.intent, 'intent.yaml'), 'intent.yaml');
  const policy = parseRootPolicy(parseUtf8(packet.policy, 'policy.yaml'), 'policy.yaml');
  assertSameAs('intent.yaml', plan.intentSha256, sha256Hex(packet.intent));
  assertSameAs('policy.yaml', plan.policySha256, sha256Hex(packet.policy));
  assertSameAs('kind', plan.kind, intent.kind);
  assertSameAs('reason', plan.reason, intent.reason);
  assertInTime(plan, policy, options.now);
  const roots = chainOf(packet);
  assertPinned(roots, options.pinned);
  assertFollowsOn(plan, packet);
  const current = standingOf(packet, roots);
  assertBase(plan, current);
  const frozen = freeze(planOf({ packet, plan, intent, policy, current }));
  const root = frozen.payloads.find(({ role }) => role === 'root');
  assertRehearsal(plan, current?.root.signed ?? root?.signed);
  return {
    plan,
    planDigest: planDigest(packet.plan),
    intent,
    policy,
    frozen,
    pinnedVersion: options.pinned?.version,
    root: roots.at(-1),
    added: root
      ? enrolledKeys({ packet, plan, policy, before: current?.root, after: parseDocument(root.signed, 'root') })
      : [],
    notes: lintPlan(frozen.plan).filter(({ severity }) => severity === 'warning'),
  } as unknown as Review;
}

/** Each root is signed by the quorum of the one before it and by its own. */
function chainOf({ roots: files }: Packet): readonly RootMetadata[] {
  const roots = files.map((bytes) => parseMetadata(bytes, 'root'));
  for (const [index, root] of roots.entries()) {
    const before = roots[index - 1];
    if (before) verifyRootUpdate(before, root);
    else verifyThreshold(root, 'root', quorumOf(root, 'root'));
  }
  return roots;
}

function standingOf(packet: Packet, roots: readonly RootMetadata[]): Standing | undefined {
  const root = roots.at(-1);
  if (!root || !packet.targetsMetadata) return undefined;
  const targets = parseMetadata(packet.targetsMetadata, 'targets');
  verifyThreshold(targets, 'targets', quorumOf(root, 'targets'));
  assertListedFiles(targets, packet.currentTargets, 'in force');
  const versions = { root: root.version, targets: targets.version };
  return { root, targets, versions, targetFiles: packet.currentTargets };
}

/** The quorums follow from the two roots: what the plan says of them does not count. */
function planOf(options: {
  readonly packet: Packet;
  readonly plan: PlanDocument;
  readonly intent: Intent;
  readonly policy: RootPolicy;
  readonly current: Standing | undefined;
}): Plan {
  const { packet, plan, intent, policy, current } = options;
  const documents = packet.payloads.map(({ role, canonical }) => {
    const signed = parseCanonical(canonical, { what: `payload ${role}`, maxBytes: maxMetadataBytes[role] });
    return { role, canonical, signed };
  });
  assertSameAs(
    'payloads',
    plan.payloads.map(({ role }) => role).join(' '),
    documents.map(({ role }) => role).join(' '),
  );
  // Two payloads of one role, of which the rules see one, would have the other signed unseen.
  const roles = documents.map(({ role }) => role);
  assertSameAs(
    'roles of the payloads',
    ['root', 'targets'].filter((role) => roles.includes(role as 'root')).join(' '),
    roles.join(' '),
  );
  assertSameAs('payloads', 'some', roles.length === 0 ? 'none' : 'some');
  for (const [index, { role, canonical, signed }] of documents.entries()) {
    assertPayload(plan.payloads[index], { role, version: signed['version'], canonical });
  }
  const root = documents.find(({ role }) => role === 'root');
  const next = root && parseDocument(root.signed, 'root');
  const payloads = documents.map(({ role, signed }) => ({
    role,
    signed,
    quorums: quorumsFor(role, { before: current?.root, after: next, announced: intent }),
  }));
  const targets = documents.find(({ role }) => role === 'targets');
  const listed = targets ? parseDocument(targets.signed, 'targets') : current?.targets;
  if (listed) assertListedFiles(listed, packet.targets, 'to be signed');
  return {
    intent: intent.kind,
    policy,
    now: plan.planned,
    current,
    payloads,
    announced: intent,
    targetFiles: packet.targets,
    bundles: packet.bundles,
  };
}
