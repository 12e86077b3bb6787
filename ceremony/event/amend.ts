import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isErrno } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists, readFileCapped } from '../../src/core/files.ts';
import { ownerName, ownersOf } from '../owners.ts';
import { maxPacketBytes } from '../packet/packet.ts';
import type { Plan } from '../plan.ts';
import type { RootSigning } from '../root-signing/open.ts';
import { type Event, payloadFiles } from './event.ts';
import { draftPlan, type PlanEventOptions, writePlan } from './plan-event.ts';
import { formatSignature, readSignatures, type SignatureDocument, signatureFileName } from './signature-file.ts';

export interface Amendment {
  readonly event: Event;
  /** Signatures that are worth nothing from now on, and why. */
  readonly died: readonly SignatureFate[];
  /** Signatures over bytes that did not change, by keys that still sign them; they count for the new revision. */
  readonly kept: readonly SignatureFate[];
}

export interface SignatureFate {
  readonly role: 'root' | 'targets';
  readonly version: number;
  readonly by: string;
  readonly why: string;
}

/**
 * Plans an event again as its next revision. The old one is put away whole; of its signatures those survive whose very
 * bytes are planned again. The time of planning stays, so that what did not change stays the same to the bit.
 *
 * A plan that is refused changes nothing. May be repeated after a crash; signatures may then have to be made again.
 * @throws as `planNewEvent`; CER_SIGNATURE_OTHER_PLAN
 */
export async function amendEvent(
  event: Event,
  options: Omit<PlanEventOptions, 'name' | 'revision'>,
): Promise<Amendment> {
  const { layout, plan } = event;
  const signatures = await readSignatures(event);
  const planned = { ...options, name: plan.event, revision: plan.revision + 1 };
  const draft = draftPlan(planned);
  const away = layout.superseded(plan.revision);
  for (const path of [layout.plan, layout.planDigest, layout.intent]) await copyInto(path, away);
  for (const directory of [layout.payloads, layout.signatures])
    await copyAll(directory, join(away, basename(directory)));
  // From here on the old revision cannot be signed or published any more, whatever stops us.
  for (const path of [layout.planDigest, layout.steps, layout.script, layout.page]) await rm(path, { force: true });
  for (const path of [layout.signatures, layout.packets, layout.assembled]) {
    await rm(path, { recursive: true, force: true });
  }
  const amended = await writePlan(planned, draft, layout);
  // Only now: an event whose plan names a payload that is not there cannot be opened, nor amended again.
  await removeUnplanned(amended);
  const fates = signatures.map((signature) => fateOf(signature, { amended, draft, ...options }));
  for (const { signature, survives } of fates) {
    if (survives) await carryOver(signature, amended);
  }
  const of = (wanted: boolean) => fates.filter(({ survives }) => survives === wanted).map(({ fate }) => fate);
  return { event: amended, died: of(false), kept: of(true) };
}

function fateOf(
  signature: SignatureDocument,
  { amended, draft, rootSigning }: { readonly amended: Event; readonly draft: Plan; readonly rootSigning: RootSigning },
) {
  const { role, version, digest, keyid } = signature;
  const { recorded, holders } = rootSigning;
  const planned = amended.plan.payloads.find((payload) => payload.role === role);
  const quorums = draft.payloads.find((payload) => payload.role === role)?.quorums ?? [];
  const asked = quorums.some(({ keys }) => keys.some((key) => key.keyid === keyid));
  const survives = planned?.sha256 === digest && asked;
  const why = survives
    ? 'the same bytes are planned again'
    : planned === undefined
      ? `${role} is not signed in this revision`
      : planned.sha256 === digest
        ? `this key is not asked to sign ${role} v${planned.version} any more`
        : `${role} v${planned.version} has other bytes now: sha256 ${planned.sha256.slice(0, 16)}, not ${digest.slice(0, 16)}`;
  const enrolled = [...holders].find(([, { main, targets }]) => main?.keyid === keyid || targets?.keyid === keyid)?.[0];
  const by = enrolled ?? ownerName(recorded ? ownersOf(recorded.root) : new Map(), keyid);
  return { signature, survives, fate: { role, version, by, why } };
}

async function carryOver(signature: SignatureDocument, { layout, plan, planDigest }: Event): Promise<void> {
  await makeDirectory(layout.signatures);
  const carried = { ...signature, revision: plan.revision, planDigest };
  await createFile(join(layout.signatures, signatureFileName(signature)), formatSignature(carried));
}

async function removeUnplanned({ layout, plan }: Event): Promise<void> {
  const planned = plan.payloads.flatMap(({ role, version }) => Object.values(payloadFiles(role, version)));
  for (const name of await readdir(layout.payloads)) {
    if (!planned.includes(name)) await rm(join(layout.payloads, name));
  }
}

/** What an interrupted run put away already is the old revision; what stands in its place may be the new one. */
async function copyInto(path: string, directory: string): Promise<void> {
  await makeDirectory(directory);
  if (await pathExists(join(directory, basename(path)))) return;
  try {
    await createFile(join(directory, basename(path)), await readFileCapped(path, maxPacketBytes));
  } catch (error) {
    // A plan that was never frozen has no digest.
    if (!isMissing(error)) throw error;
  }
}

async function copyAll(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  for (const name of names) await copyInto(join(from, name), to);
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'CORE_FILE_MISSING';
}
