import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseCaIntent } from '../../src/config/ca-intent.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { printableLines } from '../../src/core/printable.ts';
import { authorityOf } from '../ca/plan.ts';
import { openCaRoom, planNewCaEvent } from '../ca/plan-event.ts';
import { renderCaEvent } from '../ca/screen.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, layoutOf } from './settings.ts';

export const ceremonyCaPlanCommand: Command = {
  words: ['ceremony', 'ca', 'plan'],
  summary: 'plan an event of an offline authority from one intent file, and freeze it',
  details: [
    'Kinds: ca-genesis, ca-issue, ca-cross-sign, ca-retire. Serial number and times are drawn now: what will be signed is',
    'fixed to the byte, and was signed by a throw-away key and judged by every rule before this returns.',
  ].join('\n'),
  positionals: ['INTENT'],
  options: {
    ...dirOption,
    ...actorOption,
    event: { type: 'string', value: 'NAME', help: 'name of the event (default: DATE-KIND-AUTHORITY)' },
    rehearsal: { type: 'boolean', help: 'stamp everything as a rehearsal' },
  },
  examples: [
    {
      command: 'sigstead ceremony ca plan ca-intent.yaml --event 2026-11-02-fulcio-root',
      explains: 'and read the words of the plan to each other',
    },
  ],
  exitNotes: ['3    also: a rule refuses the plan; nothing was written'],
  run: plan,
};

async function plan(invocation: Invocation): Promise<Outcome> {
  const room = await openCaRoom(layoutOf(invocation));
  const [file = ''] = invocation.positionals;
  const intent = parseCaIntent(parseUtf8(await readFileCapped(resolve(file), 65_536), file), file);
  const now = invocation.clock.now();
  const name =
    invocation.options.text('event') ?? [formatInstant(now).slice(0, 10), intent.kind, authorityOf(intent)].join('-');
  const event = await planNewCaEvent(room, {
    intent,
    event: name,
    now,
    rehearsal: invocation.options.flag('rehearsal'),
  });
  const { layout, planSha256 } = event;
  await recordAct(invocation, layout, {
    verb: 'ca plan',
    inputs: [layout.intent],
    outputs: [layout.plan, layout.planDigest, ...(event.tbs ? [layout.tbs] : [])],
  });
  return {
    json: toJson({ directory: layout.directory, planSha256, plan: event.plan }),
    text: `${printableLines(renderCaEvent(event))}\nnext: sigstead ceremony ca authorise ${name} --signer URI\n`,
  };
}
