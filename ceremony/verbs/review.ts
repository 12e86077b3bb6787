import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { qrForTerminal } from '../../src/cli/qr.ts';
import { toJson } from '../../src/core/json.ts';
import { printableLines } from '../../src/core/printable.ts';
import { renderReview } from '../review/render.ts';
import { holderOptions, holderView } from './holder-view.ts';

export const ceremonyReviewCommand: Command = {
  words: ['ceremony', 'review'],
  summary: 'show what an event would have you sign, derived from its raw bytes and your own root',
  details: 'Needs no key and signs nothing. Nothing that the packet says about itself is repeated unchecked.',
  positionals: ['[EVENT]'],
  options: {
    ...holderOptions,
    qr: { type: 'boolean', help: 'show each digest as a QR code too, to be compared by phone' },
  },
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
  const { screen } = await holderView(invocation);
  const codes = invocation.options.flag('qr')
    ? screen.payloads.map(
        ({ role, version, sha256 }) => `${role} v${version}\n${qrForTerminal(sha256.toUpperCase())}\n`,
      )
    : [];
  return { json: toJson(screen), text: printableLines(renderReview(screen)) + codes.join('') };
}
