import { join } from 'node:path';
import { type Intent, parseIntent } from '../../src/config/intent.ts';
import { parseUtf8, utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { formatEnrolment } from '../holders/enrolment.ts';
import type { Packet, PacketPayload } from '../packet/packet.ts';
import type { OfflineRole } from '../plan.ts';
import type { EventLayout } from '../root-signing/layout.ts';
import { type RootSigning, wantedTargets } from '../root-signing/open.ts';
import { type PlanDocument, parsePlan, planDigest } from './plan-document.ts';

/** One event as its directory has it. Nothing of it has been checked against anything else: see `reviewPacket`. */
export interface Event {
  readonly layout: EventLayout;
  readonly plan: PlanDocument;
  /** The bytes of plan.json. */
  readonly planBytes: Uint8Array;
  readonly planDigest: string;
  readonly intent: Uint8Array;
  readonly payloads: readonly PacketPayload[];
  readonly frozen: boolean;
}

const maxFileBytes = 1 << 20;

/** Returns the file names of a payload: its canonical bytes, and the same for people. */
export function payloadFiles(role: OfflineRole, version: number) {
  return { canonical: `${role}.v${version}.canonical`, pretty: `${role}.v${version}.json` };
}

/**
 * Opens an event.
 * @throws CER_NO_EVENT, CER_PLAN_FILE, CORE_FILE_MISSING
 * @throws CER_PLAN_CHANGED (evidence) if plan.json is not the one that was frozen
 */
export async function openEvent(layout: EventLayout): Promise<Event> {
  const planBytes = await readFileIfPresent(layout.plan, maxFileBytes);
  if (planBytes === undefined) throw noEvent(layout);
  const plan = parsePlan(planBytes, layout.plan);
  const digest = planDigest(planBytes);
  const frozen = await readFileIfPresent(layout.planDigest, maxFileBytes);
  if (frozen && parseUtf8(frozen, layout.planDigest) !== digestLine(digest)) throw planChanged(layout, digest);
  const payloads = plan.payloads.map(async ({ role, version }) => {
    const path = join(layout.payloads, payloadFiles(role, version).canonical);
    return { role, canonical: await readFileCapped(path, maxMetadataBytes[role]) };
  });
  return {
    layout,
    plan,
    planBytes,
    planDigest: digest,
    intent: await readFileCapped(layout.intent, maxFileBytes),
    payloads: await Promise.all(payloads),
    frozen: frozen !== undefined,
  };
}

/**
 * Passes if nothing in the event can change any more without `amend`.
 * @throws CER_NOT_FROZEN
 */
export function assertFrozen({ frozen, layout, plan }: Event): void {
  if (frozen) return;
  throw new ToolkitError('CER_NOT_FROZEN', {
    message: `${layout.directory}: expected a frozen plan, got one that may still change`,
    fault: 'input',
    data: { event: plan.event },
    hint: `run: sigstead ceremony freeze ${plan.event}`,
  });
}

/** @throws CFG_INTENT_INVALID */
export function intentOf({ intent, layout }: Pick<Event, 'intent' | 'layout'>): Intent {
  return parseIntent(parseUtf8(intent, layout.intent), layout.intent);
}

/** Puts together what a holder needs for this event. */
export function packetOf(event: Event, rootSigning: RootSigning, tool: string): Packet {
  const { recorded, holders, policy } = rootSigning;
  const enrolments = [...holders.values()].flatMap(({ main, targets: own }) => [main, own].flatMap((key) => key ?? []));
  return {
    tool,
    plan: event.planBytes,
    intent: event.intent,
    policy: utf8(policy.text),
    roots: recorded?.roots.map(({ bytes }) => bytes) ?? [],
    targetsMetadata: recorded?.targets.bytes,
    currentTargets: recorded?.targetFiles ?? new Map(),
    targets: wantedTargets(rootSigning, intentOf(event)),
    bundles: rootSigning.bundles,
    payloads: event.payloads,
    enrolments: enrolments.map(({ enrolment }) => utf8(formatEnrolment(enrolment))),
  };
}

/** What `sha256sum -c` reads. */
export function digestLine(digest: string): string {
  return `${digest}  plan.json\n`;
}

function noEvent({ directory }: EventLayout): ToolkitError {
  return new ToolkitError('CER_NO_EVENT', {
    message: `${directory}: expected an event, found no plan.json`,
    fault: 'input',
    data: { directory },
    hint: 'plan one first: sigstead ceremony plan intent.yaml',
  });
}

function planChanged({ plan, planDigest: frozen }: EventLayout, digest: string): ToolkitError {
  return new ToolkitError('CER_PLAN_CHANGED', {
    message: `${plan}: has digest ${digest}, which is not the one of ${frozen}`,
    fault: 'evidence',
    data: { plan, digest },
    hint: 'somebody changed the plan after it was frozen; restore it, or amend it so that everybody sees',
  });
}
