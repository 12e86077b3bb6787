import { block, code, document, plain, table } from './markdown.ts';

/** One line of the script: what somebody does, and what must be seen then. */
export interface ScriptStep {
  /** Named by the transcript's entries of this step. */
  readonly id: string;
  readonly who: string;
  readonly what: string;
  readonly command?: string;
  readonly expect?: string;
}

export interface ScriptPayload {
  readonly role: string;
  readonly version: number;
  readonly digest: string;
  /** The digest in lines of words (`wordLines`). */
  readonly words: readonly string[];
}

export interface Participant {
  readonly name: string;
  /** Holder, coordinator, witness, … */
  readonly part: string;
}

/** What a ceremony's script says, made from its frozen plan. */
export interface CeremonyScript {
  readonly title: string;
  readonly event: string;
  readonly revision: number;
  readonly planDigest: string;
  /** The plan's digest in lines of words. */
  readonly words: readonly string[];
  /** @default false */
  readonly rehearsal?: boolean;
  readonly participants: readonly Participant[];
  readonly steps: readonly ScriptStep[];
  readonly payloads: readonly ScriptPayload[];
}

export const rehearsalNotice = 'REHEARSAL: nothing that is signed here is trusted by anyone.';
export const exceptionNotice =
  'Whatever is not as this script has it is written down here, with what was decided, before the next step.';

/** How many lines there are for exceptions. */
export const exceptionLines = 4;

const initials = '`[    ]`';

/** Returns the script as Markdown, for people: a box for initials and a place for the time at each step. */
export function renderScript(script: CeremonyScript): string {
  const { title, event, revision, planDigest, words, participants, steps, payloads } = script;
  return document(
    `# ${plain(title)}`,
    script.rehearsal === true ? `**${rehearsalNotice}**` : '',
    `Event ${code(event)}, revision ${revision}. Plan ${code(planDigest)}:`,
    block(words),
    '## Those present',
    table(
      ['Name', 'Part', 'Initials'],
      participants.map(({ name, part }) => [plain(name), plain(part), initials]),
    ),
    '## What is signed',
    ...payloads.flatMap((payload) => [
      `${code(`${payload.role} v${payload.version}`)}, SHA-256 ${code(payload.digest)}:`,
      block(payload.words),
    ]),
    '## Steps',
    table(
      ['Step', 'Time (UTC)', 'Who', 'What', 'Initials'],
      steps.map((step) => [plain(step.id), '', plain(step.who), whatOf(step), initials]),
    ),
    '## Exceptions',
    exceptionNotice,
    table(
      ['Step', 'Time (UTC)', 'What happened, and what was decided', 'Initials'],
      Array.from({ length: exceptionLines }, () => ['', '', '', initials]),
    ),
    '## Close',
    'The last words of the transcript, as they were read out:',
  );
}

function whatOf({ what, command, expect }: ScriptStep): string {
  const parts = [plain(what)];
  if (command !== undefined) parts.push(code(command));
  if (expect !== undefined) parts.push(`Expect: ${plain(expect)}`);
  return parts.join('<br>');
}
