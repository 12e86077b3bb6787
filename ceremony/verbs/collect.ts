import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { readSignatureQr } from '../air-gap/qr-text.ts';
import { assembleEvent } from '../event/assemble-event.ts';
import { assertFrozen, type Event, openEvent } from '../event/event.ts';
import { eventStatus, renderEventStatus } from '../event/event-status.ts';
import { addSignature, parseSignature, type SignatureDocument } from '../event/signature-file.ts';
import { ownerName, ownersInPlan } from '../owners.ts';
import type { Review } from '../review/review.ts';
import { openRootSigning } from '../root-signing/open.ts';
import { reviewHere } from './plan.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, eventOf, layoutOf, usage } from './settings.ts';

export const ceremonyAddSignatureCommand: Command = {
  words: ['ceremony', 'add-signature'],
  summary: 'add a signature that a holder made to its event',
  details:
    'It must be for the plan as it is frozen, by a key that the plan asks for, and verify by two implementations.',
  positionals: ['EVENT', '[FILE]'],
  options: {
    ...dirOption,
    ...actorOption,
    qr: { type: 'boolean', help: 'ask for the text of the QR code that `ceremony sign --qr` shows, instead of a file' },
  },
  examples: [
    {
      command: 'sigstead ceremony add-signature 2026-11-02-replace-alice root.v2.5f0c11e1.json',
      explains: 'and say who is still missing',
    },
  ],
  exitNotes: ['4    also: the signature does not verify'],
  run: add,
};

export const ceremonyAssembleCommand: Command = {
  words: ['ceremony', 'assemble'],
  summary: 'put the signatures and payloads of an event together into the files to publish',
  positionals: ['EVENT'],
  options: { ...dirOption, ...actorOption },
  examples: [{ command: 'sigstead ceremony assemble 2026-11-02-replace-alice', explains: 'then publish' }],
  exitNotes: ['3    also: signatures are missing; whose, is told before the error'],
  run: assembleOne,
};

async function add(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const event = await openEvent(eventOf(invocation));
  assertFrozen(event);
  const review = reviewHere(event, rootSigning, invocation);
  const signature = await signatureFor(invocation, event);
  const path = await addSignature(event, review, signature);
  const status = await eventStatus(event, review);
  const owner = ownerOf(review, signature.keyid);
  await recordAct(invocation, event.layout, { verb: 'add-signature', step: `sign-${owner}`, outputs: [path] });
  return { json: toJson({ added: path, ...status }), text: `${path}\n${renderEventStatus(status)}` };
}

function ownerOf({ frozen }: Review, keyid: string): string {
  return ownerName(ownersInPlan(frozen), keyid);
}

async function signatureFor({ options, positionals, ask }: Invocation, event: Event): Promise<SignatureDocument> {
  const [, file] = positionals;
  if (options.flag('qr')) {
    const scanned = readSignatureQr(await ask.line('text of the QR code'));
    const { plan } = event;
    const role = scanned.role === 'root' ? 'root' : 'targets';
    return { ...scanned, role, repository: plan.repository.id, event: plan.event, revision: plan.revision };
  }
  if (file === undefined) throw usage('expected the file of a signature, or --qr');
  const bytes = await readFileCapped(resolve(file), 8192);
  return parseSignature(bytes, file);
}

async function assembleOne(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const event = await openEvent(eventOf(invocation));
  assertFrozen(event);
  const review = reviewHere(event, rootSigning, invocation);
  const status = await eventStatus(event, review);
  if (!status.complete) invocation.talk.say(renderEventStatus(status).trimEnd());
  const { metadata } = await assembleEvent(event, review);
  await recordAct(invocation, event.layout, { verb: 'assemble', step: 'assemble', inputs: [event.layout.planDigest] });
  const files = Object.values(metadata).map(({ version, canonicalSha256, signatures }, index) => ({
    role: Object.keys(metadata)[index] ?? '',
    version,
    sha256: canonicalSha256,
    signatures: signatures.length,
  }));
  const lines = files.map(
    ({ role, version, signatures }) => `${role} v${version}: ${signatures} signatures, every quorum met\n`,
  );
  return {
    json: { event: event.plan.event, files },
    text: `${lines.join('')}next: sigstead ceremony publish ${event.plan.event} --to STORE\n`,
  };
}
