import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { createFile, readFileCapped } from '../../src/core/files.ts';
import { printableLines } from '../../src/core/printable.ts';
import {
  type Authorisation,
  addAuthorisation,
  authorise,
  authorisedSoFar,
  formatAuthorisation,
  parseAuthorisation,
} from '../ca/authorisation.ts';
import { type CaEvent, openCaEvent } from '../ca/event.ts';
import { assertFollowsFromIntent, type CaRoom, openCaRoom } from '../ca/plan-event.ts';
import { askCaConsent, renderCaEvent } from '../ca/screen.ts';
import { assertOffline, networkOption } from './offline.ts';
import { keyOptions, openKey } from './open-key.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, layoutOf, requiredOption } from './settings.ts';

export const ceremonyCaAuthoriseCommand: Command = {
  words: ['ceremony', 'ca', 'authorise'],
  summary: 'show an event of an offline authority, ask for consent, and authorise it with your enrolled key',
  details: 'The key signs a text of its own kind over the digest of the plan: neither TUF metadata nor a certificate.',
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    ...actorOption,
    ...keyOptions,
    ...networkOption,
    to: { type: 'string', value: 'FILE', help: 'write the authorisation there, to be sent (default: into the event)' },
    accept: { type: 'string', value: 'FILE', help: 'coordinator: take in what a holder sent' },
  },
  examples: [
    {
      command:
        "sigstead ceremony ca authorise 2026-11-02-fulcio-root --signer 'pkcs11:token=bob;object=root' --module /usr/lib/libykcs11.so",
      explains: 'asks for the PIN at the terminal',
    },
    {
      command: 'sigstead ceremony ca authorise 2026-11-02-fulcio-root --accept bob.json',
      explains: 'on the coordinator’s machine',
    },
  ],
  exitNotes: [
    '4    also: plan or authorisation were changed: nothing was signed',
    '6    you did not type what was asked: nothing was signed',
  ],
  run: authoriseEvent,
};

async function authoriseEvent(invocation: Invocation): Promise<Outcome> {
  const { options } = invocation;
  const layout = layoutOf(invocation);
  const room = await openCaRoom(layout);
  const { holders } = room;
  const event = await openCaEvent(layout, invocation.positionals[0] ?? '');
  const accept = options.text('accept');
  const authorisation =
    accept === undefined
      ? await withOwnKey(invocation, event, room)
      : parseAuthorisation(await readFileCapped(resolve(accept), 8192), accept);
  const to = options.text('to');
  if (to !== undefined) {
    await createFile(resolve(to), formatAuthorisation(authorisation));
    return {
      json: { authorisation: resolve(to) },
      text: `${resolve(to)}\nsend it to the coordinator; it is no secret\n`,
    };
  }
  const path = await addAuthorisation(event, authorisation, holders);
  await recordAct(invocation, event.layout, {
    verb: 'ca authorise',
    outputs: [path],
    decision: `${authorisation.holder} authorises plan ${event.planSha256.slice(0, 16)}`,
  });
  return await outcomeOf(event, path, await authorisedSoFar(event, holders));
}

async function withOwnKey(invocation: Invocation, event: CaEvent, room: CaRoom): Promise<Authorisation> {
  const { ask, talk } = invocation;
  assertOffline(invocation);
  await assertFollowsFromIntent(event, room);
  talk.say(printableLines(renderCaEvent(event)));
  const signer = await openKey(invocation, requiredOption(invocation, 'signer'));
  try {
    await askCaConsent(event, 'AUTHORISE', ask);
    return await authorise(event, signer, room.holders);
  } finally {
    signer.close();
  }
}

async function outcomeOf({ plan }: CaEvent, path: string, have: readonly string[]): Promise<Outcome> {
  const missing = plan.authorisedBy.filter((id) => !have.includes(id));
  const next = missing.length > 0 ? `missing: ${missing.join(', ')}` : `next: sigstead ceremony ca run ${plan.event}`;
  return {
    json: { authorisation: path, event: plan.event, authorisedBy: [...have], missing },
    text: `${path}\nauthorised by ${have.join(', ')}\n${next}\n`,
  };
}
