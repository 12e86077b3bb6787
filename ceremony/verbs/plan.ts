import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { type Intent, parseIntent } from '../../src/config/intent.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { pathExists, readFileCapped } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { printableLines } from '../../src/core/printable.ts';
import { amendEvent, type SignatureFate } from '../event/amend.ts';
import { assertFrozen, type Event, openEvent, packetOf } from '../event/event.ts';
import { freezeEvent } from '../event/freeze-event.ts';
import { planNewEvent } from '../event/plan-event.ts';
import { assertNotOvertaken } from '../event/staleness.ts';
import { pinOf } from '../pinned-root.ts';
import { renderReview } from '../review/render.ts';
import { type Review, reviewPacket } from '../review/review.ts';
import { screenOf } from '../review/screen.ts';
import { openRootSigning, type RootSigning } from '../root-signing/open.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, eventOf, layoutOf, toolOf } from './settings.ts';

const eventExit = ['3    also: a rule refuses the plan; nothing was written'];

export const ceremonyPlanCommand: Command = {
  words: ['ceremony', 'plan'],
  summary: 'plan an event of the root of trust from one intent file',
  details: [
    'The intent says what changes and why; policy.yaml, keyholders/ and targets/ say what shall be afterwards. Every rule',
    'must pass. Nothing is frozen yet: plan again as often as you like.',
  ].join('\n'),
  positionals: ['INTENT'],
  options: {
    ...dirOption,
    ...actorOption,
    event: { type: 'string', value: 'NAME', help: 'name of the event (default: DATE-KIND and the holder)' },
    rehearsal: { type: 'boolean', help: 'stamp everything as a rehearsal' },
  },
  examples: [
    {
      command: 'sigstead ceremony plan intent.yaml --event 2026-11-02-replace-alice',
      explains: 'and look at what it says',
    },
  ],
  exitNotes: eventExit,
  run: plan,
};

export const ceremonyFreezeCommand: Command = {
  words: ['ceremony', 'freeze'],
  summary: 'freeze the plan of an event, so that it can be signed',
  details: 'Writes plan.sha256 and the script for the people, as Markdown and as a page to print.',
  positionals: ['EVENT'],
  options: { ...dirOption, ...actorOption },
  examples: [{ command: 'sigstead ceremony freeze 2026-11-02-replace-alice', explains: 'then hand out packets' }],
  exitNotes: eventExit,
  run: freeze,
};

export const ceremonyAmendCommand: Command = {
  words: ['ceremony', 'amend'],
  summary: 'plan an event again as its next revision, and say which signatures die and why',
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    ...actorOption,
    intent: { type: 'string', value: 'FILE', help: 'another intent (default: the same)' },
    'plan-anew': { type: 'boolean', help: 'plan for now: new expiry dates, and every signature dies' },
  },
  examples: [
    {
      command: 'sigstead ceremony amend 2026-11-02-replace-alice',
      explains: 'after something in root-signing/ changed',
    },
  ],
  exitNotes: eventExit,
  run: amend,
};

async function plan(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const [file = ''] = invocation.positionals;
  const intent = parseIntent(parseUtf8(await readFileCapped(resolve(file), 65_536), file), file);
  const now = invocation.clock.now();
  const name =
    invocation.options.text('event') ?? [formatInstant(now).slice(0, 10), intent.kind, ...intent.holders].join('-');
  const event = await planNewEvent({ rootSigning, intent, name, now, rehearsal: invocation.options.flag('rehearsal') });
  const review = reviewHere(event, rootSigning, invocation);
  await recordAct(invocation, event.layout, {
    verb: 'plan',
    step: 'plan',
    inputs: [event.layout.intent],
    outputs: [event.layout.plan],
  });
  return outcomeOf(event, review, `next: sigstead ceremony freeze ${name}\n`);
}

async function freeze(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const planned = await openEvent(eventOf(invocation));
  const review = reviewHere(planned, rootSigning, invocation);
  const event = await freezeEvent(planned, review);
  const { layout } = event;
  await recordAct(invocation, layout, {
    verb: 'freeze',
    step: 'plan',
    inputs: [layout.plan],
    outputs: [layout.planDigest, layout.script],
  });
  const next = `frozen: ${layout.directory}\nnext: sigstead ceremony packet export ${event.plan.event} --to FILE\n`;
  return outcomeOf(event, review, next);
}

async function amend(invocation: Invocation): Promise<Outcome> {
  const { options, clock } = invocation;
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const before = await openEvent(eventOf(invocation));
  // An interrupted amendment left it neither frozen nor as it was.
  if (!(await pathExists(before.layout.superseded(before.plan.revision)))) assertFrozen(before);
  const intent = await amendedIntent(invocation, before);
  const now = options.flag('plan-anew') ? clock.now() : before.plan.planned;
  const { event, died, kept } = await amendEvent(before, {
    rootSigning,
    intent,
    now,
    rehearsal: before.plan.rehearsal,
  });
  const review = reviewHere(event, rootSigning, invocation);
  const fates = [...died.map((fate) => fateLine('dies', fate)), ...kept.map((fate) => fateLine('stays', fate))];
  await recordAct(invocation, event.layout, {
    verb: 'amend',
    inputs: [event.layout.intent],
    outputs: [event.layout.plan],
    note: `revision ${event.plan.revision}; signatures: ${died.length} die, ${kept.length} stay`,
  });
  const outcome = outcomeOf(
    event,
    review,
    [...fates, `next: sigstead ceremony freeze ${event.plan.event}`, ''].join('\n'),
  );
  return { ...outcome, json: toJson({ ...(outcome.json as object), died, kept }) };
}

async function amendedIntent({ options }: Invocation, { intent, layout }: Event): Promise<Intent> {
  const file = options.text('intent');
  const bytes = file === undefined ? intent : await readFileCapped(resolve(file), 65_536);
  return parseIntent(parseUtf8(bytes, file ?? layout.intent), file ?? layout.intent);
}

function fateLine(fate: 'dies' | 'stays', { by, role, version, why }: SignatureFate): string {
  return `${fate}: the signature of ${by} over ${role} v${version}: ${why}`;
}

/** The coordinator sees what holders will see, from the root that is recorded here. */
export function reviewHere(event: Event, rootSigning: RootSigning, invocation: Invocation): Review {
  assertNotOvertaken(event, rootSigning);
  const packet = packetOf(event, rootSigning, toolOf(invocation));
  return reviewPacket(packet, {
    pinned: rootSigning.recorded && pinOf(rootSigning.recorded.root),
    now: invocation.clock.now(),
  });
}

function outcomeOf(event: Event, review: Review, next: string): Outcome {
  const screen = screenOf(review);
  return {
    json: toJson({ directory: event.layout.directory, frozen: event.frozen, ...screen }),
    text: `${printableLines(renderReview(screen))}\n${next}`,
  };
}
