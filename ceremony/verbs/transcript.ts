import { join } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseHex, parseUtf8 } from '../../src/core/bytes.ts';
import { pathExists, readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { wordLines } from '../../src/core/words.ts';
import { readSteps } from '../event/script.ts';
import { EventLayout } from '../root-signing/layout.ts';
import { renderTranscript } from '../transcript/render.ts';
import { maxTranscriptBytes, verifyTranscript } from '../transcript/transcript.ts';
import { dirOption, eventOf, layoutOf } from './settings.ts';

export const ceremonyTranscriptVerifyCommand: Command = {
  words: ['ceremony', 'transcript', 'verify'],
  summary: 'verify that nothing in the transcript of an event was changed, cut or moved',
  details: 'A cut at its end shows only against a head that was kept elsewhere: give it with --head.',
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    head: { type: 'string', value: 'SHA256', help: 'with which it must end, as it was read out' },
  },
  examples: [
    {
      command: 'sigstead ceremony transcript verify 2026-11-02-replace-alice',
      explains: 'prints the head, to be read out',
    },
  ],
  exitNotes: ['4    also: the transcript was edited, cut, or does not end with --head'],
  run: verify,
};

export const ceremonyTranscriptRenderCommand: Command = {
  words: ['ceremony', 'transcript', 'render'],
  summary: 'write the transcript of an event for people: planned against actual, and exceptions',
  positionals: ['EVENT'],
  options: dirOption,
  examples: [
    {
      command: 'sigstead ceremony transcript render 2026-11-02-replace-alice',
      explains: 'for auditors',
    },
  ],
  run: render,
};

async function read(invocation: Invocation) {
  const named = eventOf(invocation);
  const ofAuthority = new EventLayout(join(layoutOf(invocation).caEvents, invocation.positionals[0] ?? ''));
  const layout = (await pathExists(named.transcript)) ? named : ofAuthority;
  const bytes = await readFileCapped(layout.transcript, maxTranscriptBytes);
  const head = invocation.options.text('head');
  return { layout, transcript: verifyTranscript({ bytes, ...(head !== undefined && { head }) }) };
}

async function verify(invocation: Invocation): Promise<Outcome> {
  const { layout, transcript } = await read(invocation);
  const { entries, head } = transcript;
  const words = wordLines(parseHex(head));
  return {
    json: { transcript: layout.transcript, entries: entries.length, head, words: [...words] },
    text: [
      `${layout.transcript}: ${entries.length} entries, unbroken`,
      `head ${head}`,
      ...words.map((line) => `     ${line}`),
      '',
    ].join('\n'),
  };
}

async function render(invocation: Invocation): Promise<Outcome> {
  const { layout, transcript } = await read(invocation);
  const plan = (await pathExists(layout.steps)) ? await readSteps(layout) : [];
  const exceptions = await readFileIfPresent(`${layout.directory}/exceptions.md`, 1 << 20);
  const text = renderTranscript(transcript, {
    plan,
    exceptions: exceptions
      ? parseUtf8(exceptions, 'exceptions.md')
          .split('\n')
          .filter((line) => line !== '')
      : [],
  });
  return { json: { transcript: layout.transcript, markdown: text }, text };
}
