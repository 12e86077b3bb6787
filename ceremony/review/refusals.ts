import { beginsChain } from '../../src/config/intent.ts';
import type { RootPolicy } from '../../src/config/root-policy.ts';
import { addMs, dayMs, formatInstant, minuteMs } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { digestLike } from '../../src/tuf/claim.ts';
import type { TargetsDocument } from '../../src/tuf/document.ts';
import type { RootMetadata } from '../../src/tuf/metadata.ts';
import { rehearsalField } from '../documents.ts';
import type { PlanDocument, PlanPayload } from '../event/plan-document.ts';
import type { Packet } from '../packet/packet.ts';
import type { PinnedRoot } from '../pinned-root.ts';
import { exposureEnd, type Standing } from '../plan.ts';

/** Clocks of two machines that both follow a time server; an offline one is set by hand. */
const skewMs = 10 * minuteMs;

/**
 * Passes if the packet's chain leads through the holder's own root.
 * @throws CER_PINNED_OTHER (evidence) if another root stands under the version of the pinned one
 * @throws CER_ROOT_OLDER (evidence) if the chain ends before it
 * @throws CER_NOT_PINNED if the holder has no root although there is one
 */
export function assertPinned(roots: readonly RootMetadata[], own: PinnedRoot | undefined): void {
  const last = roots.at(-1);
  if (own === undefined) {
    if (last === undefined) return;
    throw new ToolkitError('CER_NOT_PINNED', {
      message: `expected a root of your own to compare with, got none; the packet builds on root v${last.version}`,
      fault: 'input',
      data: { root: last.version, sha256: last.canonicalSha256 },
      hint: 'get the root that is in force from somebody you trust, not from this packet, and name it: --pinned-root FILE',
    });
  }
  if (last === undefined || last.version < own.version) {
    throw new ToolkitError('CER_ROOT_OLDER', {
      message: `you have seen root v${own.version}; the packet builds on ${last ? `v${last.version}` : 'none'}`,
      fault: 'evidence',
      data: { pinned: own.version, packet: last?.version ?? 0 },
      hint: 'somebody plans on an old root, or leads you back to one; do not sign, and ask the coordinator over another channel',
    });
  }
  const same = roots.find(({ version }) => version === own.version);
  if (same?.canonicalSha256 === own.sha256) return;
  throw new ToolkitError('CER_PINNED_OTHER', {
    message: `root v${own.version}: the packet has another one than you have seen`,
    fault: 'evidence',
    data: { version: own.version, pinned: own.sha256, packet: same?.canonicalSha256 ?? 'none' },
    hint: 'there are two roots of one version: do not sign, and tell every other holder',
  });
}

/**
 * Passes if the plan is neither older than the policy allows nor from the future.
 * @throws CER_PLAN_TOO_OLD, CER_PLAN_FUTURE, CER_PACKET_CONTRADICTS
 */
export function assertInTime({ planned, signUntil }: PlanDocument, policy: RootPolicy, now: Date): void {
  const { planDays } = policy.ceremony;
  assertSameAs('signUntil', formatInstant(signUntil), formatInstant(addMs(planned, planDays * dayMs)));
  const data = { planned: formatInstant(planned), signUntil: formatInstant(signUntil), now: formatInstant(now) };
  if (now > signUntil) {
    throw new ToolkitError('CER_PLAN_TOO_OLD', {
      message: `plan of ${data.planned}: expected to be used by ${data.signUntil}, it is ${data.now}`,
      fault: 'input',
      data,
      hint: 'plan again: sigstead ceremony amend EVENT --plan-anew; what was true then may not be true now',
    });
  }
  if (planned.getTime() - now.getTime() <= skewMs) return;
  throw new ToolkitError('CER_PLAN_FUTURE', {
    message: `plan of ${data.planned}: expected a time that is past, it is ${data.now} here`,
    fault: 'environment',
    data,
    hint: 'one of the two clocks is wrong; set this one (date -u -s), and ask when the plan was made',
  });
}

/**
 * Passes if a first root has nothing before it, and every other event has a root and targets that it follows on.
 *
 * Without the targets in force a packet would pass for a first root, of which nothing is compared with anything.
 * @throws CER_PACKET_CONTRADICTS
 */
export function assertFollowsOn({ kind }: PlanDocument, { roots, targetsMetadata }: Packet): void {
  const expected = beginsChain(kind) ? 'none' : 'some';
  assertSameAs('roots in force', expected, roots.length === 0 ? 'none' : 'some');
  assertSameAs('targets in force', expected, targetsMetadata === undefined ? 'none' : 'some');
}

/**
 * Passes if what a plan says of the state that it follows on is so: people read it, and choose expiries by it.
 * @throws CER_PACKET_CONTRADICTS
 */
export function assertBase({ base, exposedUntil }: PlanDocument, current: Standing | undefined): void {
  for (const role of ['root', 'targets'] as const) {
    assertSameAs(`base ${role}`, base?.[role].sha256, current?.[role].canonicalSha256);
    assertSameAs(`base ${role} version`, base?.[role].version, current?.[role].version);
  }
  const until = current && exposureEnd(current);
  assertSameAs('exposedUntil', until && formatInstant(until), exposedUntil && formatInstant(exposedUntil));
}

/**
 * Passes if a plan is called a rehearsal by the root that it follows on, or makes: a holder who believes that nobody
 * trusts what is signed signs anything.
 * @throws CER_PACKET_CONTRADICTS
 */
export function assertRehearsal({ rehearsal }: PlanDocument, root: JsonObject | undefined): void {
  assertSameAs('rehearsal', String(root?.[rehearsalField] === true), String(rehearsal));
}

/** @throws CER_PACKET_CONTRADICTS if a payload is not the one that the plan names */
export function assertPayload(
  planned: PlanPayload | undefined,
  {
    role,
    version,
    canonical,
  }: { readonly role: string; readonly version: Json | undefined; readonly canonical: Uint8Array },
): void {
  assertSameAs(`${role} payload`, planned?.sha256, sha256Hex(canonical));
  assertSameAs(`${role} length`, planned?.length, canonical.length);
  assertSameAs(`${role} version`, planned?.version, version as number);
}

/**
 * Passes if every file that targets metadata lists is there with its bytes, and no other: what is shown of a file that
 * nobody signs would be believed of the one that is signed.
 * @throws CER_PACKET_CONTRADICTS
 */
export function assertListedFiles(
  { targets }: TargetsDocument,
  files: ReadonlyMap<string, Uint8Array>,
  which: string,
): void {
  for (const [name, { digest }] of targets) {
    const bytes = files.get(name);
    assertSameAs(`target ${name} ${which}`, digest, bytes && digestLike(digest, bytes));
  }
  const unlisted = [...files.keys()].find((name) => !targets.has(name));
  assertSameAs(`files ${which} that are not listed`, undefined, unlisted);
}

/** @throws CER_PACKET_CONTRADICTS if two parts that must agree do not */
export function assertSameAs(
  what: string,
  expected: string | number | undefined,
  got: string | number | undefined,
): void {
  if (expected === got) return;
  throw new ToolkitError('CER_PACKET_CONTRADICTS', {
    message: `${what}: expected ${expected ?? 'none'}, got ${got ?? 'none'}`,
    fault: 'evidence',
    data: { what, expected: expected ?? null, got: got ?? null },
    hint: 'something was changed after the plan was frozen: sign nothing; if it was meant, the coordinator amends the plan',
  });
}
