import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { toJson } from '../../src/core/json.ts';
import { printableLines } from '../../src/core/printable.ts';
import { renderReview } from '../review/render.ts';
import { screenOf } from '../review/screen.ts';
import { holderOptions, holderView } from './holder-view.ts';

export const ceremonyReviewCommand: Command = {
  words: ['ceremony', 'review'],
  summary: 'show what an event would have you sign, derived from its raw bytes and your own root',
  details: 'Needs no key and signs nothing. Nothing that the packet says about itself is repeated unchecked.',
  positionals: ['[EVENT]'],
  options: holderOptions,
  examples: [
    {
      command: 'sigstead ceremony review --packet replace-alice.packet.json',
      explains: 'on your own machine, without a network',
    },
    {
      command: 'sigstead ceremony review --packet replace-alice.packet.json --pinned-root 3.root.json',
      explains: 'the first time here, with a root that you have from somebody you trust',
    },
  ],
  exitNotes: ['4    also: the packet contradicts itself or your own root: sign nothing'],
  run: review,
};

async function review(invocation: Invocation): Promise<Outcome> {
  const screen = screenOf((await holderView(invocation)).review);
  return { json: toJson(screen), text: printableLines(renderReview(screen)) };
}
