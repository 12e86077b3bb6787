import { parseHex } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { wordLines, wordsOf } from '../../src/core/words.ts';
import type { TranscriptEntry } from './entry.ts';
import { block, code, document, plain, table } from './markdown.ts';
import type { ScriptStep } from './script.ts';
import type { Transcript } from './transcript.ts';

export interface RenderOptions {
  readonly plan: readonly ScriptStep[];
  /** What was not as the script has it, in the words of those present. */
  readonly exceptions: readonly string[];
}

/** As many words of a digest as tell two entries apart. */
const fewWords = 4;

/**
 * Returns what was planned against what was done, as Markdown, with the words of the chain after each entry.
 *
 * The transcript comes from `verifyTranscript`: only what is chained is shown.
 */
export function renderTranscript(transcript: Transcript, { plan, exceptions }: RenderOptions): string {
  const { entries, digests, head } = transcript;
  const planned = new Set(plan.map(({ id }) => id));
  const done = new Set(entries.map(({ step }) => step));
  const found = [
    ...exceptions.map(plain),
    // Once everything was assembled, whoever did not sign was not needed.
    ...plan
      .filter(({ id }) => !done.has(id) && !(id.startsWith('sign-') && done.has('assemble')))
      .map(({ id, what }) => `Not done: step ${plain(id)}, ${plain(what)}`),
    ...entries
      .filter(({ step }) => step === undefined || !planned.has(step))
      .map(({ seq, verb }) => `Not planned: entry ${seq}, ${plain(verb)}`),
  ];
  return document(
    '# Transcript',
    `${entries.length} entries. Head ${code(head)}:`,
    block(wordLines(parseHex(head))),
    '## Planned and done',
    table(
      ['Step', 'Planned', 'By', 'Done'],
      plan.map((step) => [plain(step.id), plain(step.what), plain(step.who), doneIn(step, entries)]),
    ),
    '## Entries',
    table(
      ['#', 'Time', 'Who', 'What', 'Step', 'Said', 'Words of the head'],
      entries.map((entry, index) => rowOf(entry, digests[index] ?? '')),
    ),
    '## Exceptions',
    found.length === 0 ? 'None.' : found.map((exception) => `- ${exception}`).join('\n'),
  );
}

function doneIn({ id }: ScriptStep, entries: readonly TranscriptEntry[]): string {
  const own = entries.filter(({ step }) => step === id);
  if (own.length === 0) return '**not done**';
  return own.map(({ seq, at, actor }) => `${formatInstant(at)}, ${plain(actor)} (entry ${seq})`).join('<br>');
}

function rowOf(entry: TranscriptEntry, digest: string): readonly string[] {
  const { seq, at, actor, verb, step = '', decision, note } = entry;
  const said = [
    ...(decision === undefined ? [] : [`Decided: ${plain(decision)}`]),
    ...(note === undefined ? [] : [plain(note)]),
  ];
  const what = [plain(verb), ...filesOf('in', entry.inputs), ...filesOf('out', entry.outputs)];
  const words = wordsOf(parseHex(digest)).slice(0, fewWords).join(' ');
  return [`${seq}`, formatInstant(at), plain(actor), what.join('<br>'), plain(step), said.join('<br>'), words];
}

function filesOf(side: string, files: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(files).map(([path, digest]) => `${side}: ${code(path)} ${code(digest.slice(0, 8))}`);
}
