import { parseHex } from '../../src/core/bytes.ts';
import { dayMs, formatInstant } from '../../src/core/clock.ts';
import { describeFinding, type RuleOutcome } from '../../src/core/rules.ts';
import { wordLines } from '../../src/core/words.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { newlyRefused } from '../bundles.ts';
import type { FrozenPayload } from '../freeze.ts';
import { planOutcomes } from '../lint.ts';
import { ownerName, ownersInPlan } from '../owners.ts';
import { changeLines } from './change-lines.ts';
import type { EnrolledKey } from './enrolled-keys.ts';
import type { Review } from './review.ts';
import { targetLines } from './target-lines.ts';

/** What one payload of a review shows, a line each; a JSON document. */
export interface PayloadScreen {
  readonly role: string;
  readonly version: number;
  readonly was: number | null;
  readonly expires: string;
  readonly changes: readonly string[];
  readonly signers: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
  readonly words: readonly string[];
}

/** Everything that a holder sees before signing; a JSON document. Every line of it was derived again by `reviewPacket`. */
export interface ReviewScreen {
  readonly event: string;
  readonly revision: number;
  readonly rehearsal: boolean;
  readonly repository: { readonly id: string; readonly name: string };
  readonly kind: string;
  readonly reason: string;
  readonly planned: string;
  readonly signUntil: string;
  readonly planSha256: string;
  readonly planWords: readonly string[];
  readonly policySha256: string;
  /** Whether it is the policy by which this holder signed last; `null` where none did. */
  readonly policyChanged: boolean | null;
  /** SHA-256 of another root of the planned version that this holder signed before. */
  readonly signedOther: string | null;
  /** Holders whose published key does not sign. */
  readonly lost: readonly string[];
  readonly pinnedRoot: number | null;
  readonly baseRoot: number | null;
  /** The last root of the chain that this first root takes the place of. */
  readonly replaces: string | null;
  readonly payloads: readonly PayloadScreen[];
  readonly unchanged: readonly string[];
  /** What came of each rule. */
  readonly rules: readonly RuleOutcome[];
  readonly notes: readonly string[];
  /** Stored bundles that would no longer verify. */
  readonly refusedBundles: readonly string[];
  readonly exposedUntil: string | null;
}

/** What the holder who looks remembers. */
export interface HolderMemory {
  /** SHA-256 of the policy by which the holder signed last. */
  readonly policyBefore?: string | undefined;
  /** SHA-256 of another root of the planned version that the holder signed. */
  readonly signedOther?: string | undefined;
}

export function screenOf(review: Review, holder: HolderMemory = {}): ReviewScreen {
  const { plan, frozen } = review;
  return {
    event: plan.event,
    revision: plan.revision,
    rehearsal: plan.rehearsal,
    repository: { id: plan.repository.id, name: plan.repository.name },
    kind: plan.kind,
    reason: plan.reason,
    planned: formatInstant(plan.planned),
    signUntil: formatInstant(plan.signUntil),
    planSha256: review.planDigest,
    planWords: wordLines(parseHex(review.planDigest)),
    policySha256: plan.policySha256,
    signedOther: holder.signedOther ?? null,
    lost: review.intent.lost,
    policyChanged: holder.policyBefore === undefined ? null : holder.policyBefore !== plan.policySha256,
    pinnedRoot: review.pinnedVersion ?? null,
    baseRoot: review.root?.version ?? null,
    replaces: review.intent.replaces ?? null,
    payloads: frozen.payloads.map((payload) => payloadScreen(review, payload)),
    unchanged: unchanged(review),
    rules: planOutcomes(frozen.plan),
    notes: review.notes.map(describeFinding),
    refusedBundles: newlyRefused(frozen.plan).map(({ name, why }) => `${name}: ${why}`),
    exposedUntil: plan.exposedUntil ? formatInstant(plan.exposedUntil) : null,
  };
}

function payloadScreen(review: Review, payload: FrozenPayload): PayloadScreen {
  const { role, version, digest, signed } = payload;
  const current = review.frozen.plan.current?.[role as 'root' | 'targets'];
  const { expires } = parseDocument(signed, role);
  return {
    role,
    version,
    was: current?.version ?? null,
    expires: `${formatInstant(expires)} (${days(review.plan.planned, expires)} days)${current ? `, was ${formatInstant(current.expires)}` : ''}`,
    changes: role === 'root' ? rootLines(review, payload, review.added) : targetLines(review.frozen.plan, payload),
    signers: signerLines(review, payload),
    bytes: canonicalize(signed).length,
    sha256: digest,
    words: wordLines(parseHex(digest)),
  };
}

function rootLines({ frozen }: Review, { signed }: FrozenPayload, added: readonly EnrolledKey[]): readonly string[] {
  const root = parseDocument(signed, 'root');
  const tolerance = (['root', 'targets'] as const).map((role) => {
    const { keys, threshold } = quorumOf(root, role);
    return `${role}: ${threshold} of ${keys.length} sign; ${keys.length - threshold} may be lost`;
  });
  return [...changeLines(frozen.plan.current?.root, root, added), ...tolerance];
}

/** Says which key signs for whom: a person whose key is replaced is asked for both, and must know which is which. */
function signerLines({ frozen }: Review, { quorums }: FrozenPayload): readonly string[] {
  const owners = ownersInPlan(frozen);
  return quorums.map(({ name, keys, threshold }) => {
    const people = keys.map(({ keyid }) => `${ownerName(owners, keyid)} (${keyid.slice(0, 8)})`);
    return `${name}: ${threshold} of ${people.join(', ')}`;
  });
}

function unchanged({ frozen }: Review): readonly string[] {
  const roles = frozen.payloads.map(({ role }) => role);
  const { current } = frozen.plan;
  if (!current) return [];
  return [
    ...(roles.includes('root') ? [] : [`root v${current.root.version}: all keys and thresholds`]),
    ...(roles.includes('targets') ? [] : [`targets v${current.targets.version}: every file that clients read`]),
  ];
}

function days(from: Date, to: Date): number {
  return Math.round((to.getTime() - from.getTime()) / dayMs);
}
