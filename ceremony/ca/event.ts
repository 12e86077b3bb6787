import { dirname, join } from 'node:path';
import type { CaIntent } from '../../src/config/ca-intent.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists, readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { digestLine } from '../event/event.ts';
import { eventName } from '../event/plan-document.ts';
import type { RootSigningLayout } from '../root-signing/layout.ts';
import { CaEventLayout, CaLayout } from './layout.ts';
import type { PlannedCaEvent } from './plan.ts';
import { type CaPlan, formatCaPlan, parseCaPlan } from './plan-document.ts';

/** An event of an offline authority, whose plan is frozen since it was written. */
export interface CaEvent {
  readonly layout: CaEventLayout;
  /** Where its authority is, or will be. */
  readonly authority: CaLayout;
  readonly plan: CaPlan;
  /** The text of its intent. */
  readonly intent: string;
  /** What holders authorise. */
  readonly planSha256: string;
  /** The frozen bytes to sign, where something is signed. */
  readonly tbs: Uint8Array | undefined;
}

const maxFileBytes = 65_536;

/**
 * Writes a planned event. Nothing in it changes from then on: who wants something else plans another event.
 * @throws CER_EVENT_NAME, CER_CA_EVENT_EXISTS
 */
export async function writeCaEvent(
  rootSigning: RootSigningLayout,
  { plan, tbs }: PlannedCaEvent,
  intent: CaIntent,
): Promise<CaEvent> {
  assertName(plan.event);
  const layout = new CaEventLayout(rootSigning, plan.event);
  if (await pathExists(layout.intent)) throw eventExists(layout, plan.event);
  await makeDirectory(layout.payloads);
  await createFile(layout.intent, intent.text);
  const text = formatCaPlan(plan);
  if (tbs) await createFile(layout.tbs, tbs);
  await createFile(layout.plan, text);
  await createFile(layout.planDigest, digestLine(sha256Hex(text)));
  return await openCaEvent(rootSigning, plan.event);
}

/**
 * Opens an event. That its bytes follow from its plan is checked before they are signed (`lintWithThrowAwayKey`).
 * @throws CER_NO_CA_EVENT, CER_EVENT_NAME, CER_CA_PLAN_FILE
 * @throws CER_CA_EVENT_CHANGED (evidence) if plan, digest and bytes do not belong together
 */
export async function openCaEvent(rootSigning: RootSigningLayout, name: string): Promise<CaEvent> {
  assertName(name);
  const layout = new CaEventLayout(rootSigning, name);
  const bytes = await readFileIfPresent(layout.plan, maxFileBytes);
  const digest = await readFileIfPresent(layout.planDigest, maxFileBytes);
  if (bytes === undefined || digest === undefined) throw noEvent(layout);
  const planSha256 = sha256Hex(bytes);
  if (parseUtf8(digest, layout.planDigest) !== digestLine(planSha256)) throw changed(layout.plan);
  const plan = parseCaPlan(bytes, layout.plan);
  if (plan.event !== name) throw changed(layout.plan);
  const intent = await readFileCapped(layout.intent, maxFileBytes);
  if (sha256Hex(intent) !== plan.intentSha256) throw changed(layout.intent);
  const tbs = plan.certificate && (await readFileCapped(layout.tbs, maxFileBytes));
  if (tbs && sha256Hex(tbs) !== plan.certificate?.tbsSha256) throw changed(layout.tbs);
  const authority = new CaLayout(rootSigning, plan.ca);
  return { layout, authority, plan, intent: parseUtf8(intent, layout.intent), planSha256, tbs };
}

/**
 * Passes if the plan may be signed now.
 * @throws CER_PLAN_TOO_OLD, CER_PLAN_FUTURE
 */
export function assertCaPlanInTime({ plan }: CaEvent, now: Date): void {
  const data = {
    planned: formatInstant(plan.planned),
    signUntil: formatInstant(plan.signUntil),
    now: formatInstant(now),
  };
  if (now > plan.signUntil) {
    throw new ToolkitError('CER_PLAN_TOO_OLD', {
      message: `plan of ${data.planned}: expected to be used by ${data.signUntil}, it is ${data.now}`,
      fault: 'input',
      data,
      hint: 'plan another event: what was true then may not be true now',
    });
  }
  if (now >= plan.planned) return;
  throw new ToolkitError('CER_PLAN_FUTURE', {
    message: `plan of ${data.planned}: expected a time that is past, it is ${data.now} here`,
    fault: 'environment',
    data,
    hint: 'one of the two clocks is wrong; set this one (date -u -s), and ask when the plan was made',
  });
}

/**
 * Passes if the event was not run, and nothing is yet where its certificate goes.
 * @throws CER_CA_FILE_TAKEN
 */
export async function assertPlaceFree({ layout, plan, authority }: CaEvent): Promise<void> {
  const places = [
    // Whoever took its certificate away would otherwise have it run twice: two certificates, one authorisation.
    layout.result,
    ...(plan.certificate ? [join(authority.directory, plan.certificate.path)] : []),
    ...(plan.kind === 'ca-genesis' ? [authority.document] : []),
    ...(plan.kind === 'ca-retire' ? [authority.retired] : []),
  ];
  for (const path of places) {
    if (!(await pathExists(path))) continue;
    throw new ToolkitError('CER_CA_FILE_TAKEN', {
      message: `${path}: is there already; no certificate and no record takes the place of another`,
      fault: 'input',
      data: { path, event: plan.event },
      hint: 'this event was run, or another one took its number: plan another. An interrupted genesis leaves no ca.json: give the next one another name',
    });
  }
}

/** Writes a new file into the directory of an authority. */
export async function writeNew(path: string, content: string): Promise<void> {
  await makeDirectory(dirname(path));
  await createFile(path, content);
}

function assertName(name: string): void {
  if (eventName.test(name)) return;
  throw new ToolkitError('CER_EVENT_NAME', {
    message: `event ${JSON.stringify(name.slice(0, 80))}: expected 1 to 64 characters a-z, 0-9 and "-"`,
    fault: 'input',
    data: { name },
    hint: 'e.g. 2026-11-02-fulcio-root',
  });
}

function eventExists({ directory }: CaEventLayout, event: string): ToolkitError {
  return new ToolkitError('CER_CA_EVENT_EXISTS', {
    message: `${directory}: is there already; the plan of an authority is frozen when it is made`,
    fault: 'input',
    data: { event, directory },
    hint: 'plan under another name: --event NAME; what was authorised stays what it was',
  });
}

function noEvent({ directory }: CaEventLayout): ToolkitError {
  return new ToolkitError('CER_NO_CA_EVENT', {
    message: `${directory}: expected an event of an authority, found no frozen plan`,
    fault: 'input',
    data: { directory },
    hint: 'plan one first: sigstead ceremony ca plan intent.yaml',
  });
}

function changed(path: string): ToolkitError {
  return new ToolkitError('CER_CA_EVENT_CHANGED', {
    message: `${path}: is not what was frozen with the plan`,
    fault: 'evidence',
    data: { path },
    hint: 'somebody changed it after it was planned: sign nothing, and find out who and why',
  });
}
