import { join } from 'node:path';
import { beginsChain, type Intent } from '../../src/config/intent.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { addMs, dayMs, floorToSecond } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makeDirectory, replaceFile } from '../../src/core/files.ts';
import { assertNoErrors } from '../../src/core/rules.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { lintPlan } from '../lint.ts';
import { exposureEnd, type OfflineRole, type Plan, type PlannedPayload, planEvent } from '../plan.ts';
import { wantedDelegations } from '../root-signing/delegations.ts';
import type { EventLayout } from '../root-signing/layout.ts';
import { onlineKeyUnnamed } from '../root-signing/online-key.ts';
import { type RootSigning, wantedKeys, wantedTargets } from '../root-signing/open.ts';
import { type Event, openEvent, payloadFiles } from './event.ts';
import { eventName, formatPlan, type PlanBase, type PlanDocument } from './plan-document.ts';

export interface PlanEventOptions {
  readonly rootSigning: RootSigning;
  readonly intent: Intent;
  /** Name of the event's directory. */
  readonly name: string;
  readonly now: Date;
  /** @default 1 */
  readonly revision?: number;
  readonly rehearsal: boolean;
}

/**
 * Plans an event and writes its directory: intent, plan and the bytes to sign. A plan that breaks a rule is not written.
 * May be repeated until the plan is frozen; from then on it changes by `amendEvent` alone.
 * @throws CER_EVENT_NAME, CER_EVENT_FROZEN, CER_NOTHING_TO_SIGN, CER_PLAN_REFUSED, CER_HOLDERS
 */
export async function planNewEvent(options: PlanEventOptions): Promise<Event> {
  const { rootSigning, name } = options;
  assertEventName(name);
  const layout = rootSigning.layout.event(name);
  const present = await openEvent(layout).catch((error: unknown) => {
    if (error instanceof ToolkitError && error.code === 'CER_NO_EVENT') return undefined;
    throw error;
  });
  // Amended means frozen once: planned anew it would be another revision 1.
  if (present && (present.frozen || present.plan.revision > 1)) throw isFrozen(present);
  return await writePlan(options, draftPlan(options), layout);
}

/**
 * Plans an event, and writes nothing.
 * @throws CER_NOTHING_TO_SIGN, CER_PLAN_REFUSED, CER_HOLDERS
 */
export function draftPlan(options: PlanEventOptions): Plan {
  const plan = planOf(options);
  assertNoErrors(lintPlan(plan), 'CER_PLAN_REFUSED', `plan of ${options.name}`);
  return plan;
}

/** Writes what `draftPlan` planned, plan.json last: it names all the rest. */
export async function writePlan(options: PlanEventOptions, plan: Plan, layout: EventLayout): Promise<Event> {
  const { intent } = options;
  const payloads = plan.payloads.map(payloadOf);
  for (const directory of [layout.directory, layout.payloads]) await makeDirectory(directory);
  await replaceFile(layout.intent, intent.text);
  for (const { role, version, canonical, signed } of payloads) {
    const files = payloadFiles(role, version);
    await replaceFile(join(layout.payloads, files.canonical), canonical);
    await replaceFile(join(layout.payloads, files.pretty), `${JSON.stringify(signed, undefined, 2)}\n`);
  }
  await replaceFile(layout.plan, formatPlan(documentOf(options, plan, payloads)));
  return await openEvent(layout);
}

function planOf({ rootSigning, intent, now, name, rehearsal }: PlanEventOptions): Plan {
  const { policy, recorded: current } = rootSigning;
  if (beginsChain(intent.kind) && current) throw alreadyBegun(rootSigning);
  if (!beginsChain(intent.kind) && !current) throw notBegun(rootSigning);
  if (!current && !rootSigning.online) throw onlineKeyUnnamed(rootSigning.layout.onlineKey);
  const plan = planEvent({
    intent,
    policy,
    now: floorToSecond(now),
    current,
    keys: wantedKeys(rootSigning),
    targets: wantedTargets(rootSigning, intent),
    targetsVersion: (current?.targets.version ?? 0) + 1,
    delegations: wantedDelegations(intent, current?.targets, rootSigning.delegations),
    rehearsal,
    bundles: rootSigning.bundles,
  });
  if (plan.payloads.length === 0) throw nothingToSign(name, intent);
  return plan;
}

interface Payload {
  readonly role: OfflineRole;
  readonly version: number;
  readonly canonical: Uint8Array;
  readonly signed: PlannedPayload['signed'];
}

function payloadOf({ role, signed }: PlannedPayload): Payload {
  return { role: role as OfflineRole, version: signed['version'] as number, canonical: canonicalize(signed), signed };
}

function documentOf(options: PlanEventOptions, plan: Plan, payloads: readonly Payload[]): PlanDocument {
  const { rootSigning, intent, name, revision = 1, rehearsal } = options;
  const { identity, policy, recorded } = rootSigning;
  const planned = plan.now;
  return {
    repository: { id: identity.id, name: identity.name },
    event: name,
    revision,
    kind: intent.kind,
    reason: intent.reason,
    intentSha256: sha256Hex(utf8(intent.text)),
    policySha256: sha256Hex(utf8(policy.text)),
    planned,
    signUntil: addMs(planned, policy.ceremony.planDays * dayMs),
    base: recorded && baseOf(recorded),
    payloads: payloads.map(({ role, version, canonical }) => ({
      role,
      version,
      sha256: sha256Hex(canonical),
      length: canonical.length,
    })),
    exposedUntil: recorded && exposureEnd(recorded),
    rehearsal,
  };
}

function baseOf({ root, targets }: NonNullable<RootSigning['recorded']>): PlanBase {
  return {
    root: { version: root.version, sha256: root.canonicalSha256 },
    targets: { version: targets.version, sha256: targets.canonicalSha256 },
  };
}

function assertEventName(name: string): void {
  if (eventName.test(name)) return;
  throw new ToolkitError('CER_EVENT_NAME', {
    message: `event ${JSON.stringify(name.slice(0, 80))}: expected 1 to 64 characters a-z, 0-9 and "-"`,
    fault: 'input',
    data: { name },
    hint: 'e.g. 2026-11-02-replace-alice',
  });
}

function isFrozen({ layout, plan }: Event): ToolkitError {
  return new ToolkitError('CER_EVENT_FROZEN', {
    message: `${layout.directory}: the plan is frozen (revision ${plan.revision})`,
    fault: 'input',
    data: { event: plan.event, revision: plan.revision },
    hint: `to change it, with a new revision: sigstead ceremony amend ${plan.event}`,
  });
}

function nothingToSign(name: string, { kind }: Intent): ToolkitError {
  return new ToolkitError('CER_NOTHING_TO_SIGN', {
    message: `plan of ${name}: ${kind} changes nothing: policy, keys and targets are those in force`,
    fault: 'input',
    data: { event: name, kind },
    hint: 'change policy.yaml, enroll the new key, or put the new files into targets/ first; to sign the same anew, renew',
  });
}

function alreadyBegun({ layout }: RootSigning): ToolkitError {
  return new ToolkitError('CER_ALREADY_BEGUN', {
    message: `${layout.metadata}: expected nothing yet, found a root of trust`,
    fault: 'input',
    data: { directory: layout.directory },
    hint: 'a second first root would be another root of trust: begin it in a directory of its own',
  });
}

function notBegun({ layout }: RootSigning): ToolkitError {
  return new ToolkitError('CER_NOT_BEGUN', {
    message: `${layout.metadata}: expected a root of trust, found none`,
    fault: 'input',
    data: { directory: layout.directory },
    hint: 'the first event is of kind genesis; or bring in what exists: sigstead ceremony import',
  });
}
