import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { printableLines } from '../../src/core/printable.ts';
import { askConsent } from '../review/consent.ts';
import { renderReview } from '../review/render.ts';
import type { Review } from '../review/review.ts';
import { consentTo, payloadsFor, signReview } from '../sign-review.ts';
import { detachedOptions, signDetached } from './detached.ts';
import { holderOptions, holderView, rememberSigned } from './holder-view.ts';
import { keyOptions, openKey } from './open-key.ts';
import { requiredOption } from './settings.ts';
import { writeSignatures } from './write-signatures.ts';

export const ceremonySignCommand: Command = {
  words: ['ceremony', 'sign'],
  summary: 'show an event as `review` does, ask for consent, and sign it with your key',
  details: [
    'Consent is typed: two words of each digest, then what is signed. There is no way around it. Each signature is verified',
    'by two implementations before it is written, one file for each.',
  ].join('\n'),
  positionals: ['[EVENT]'],
  options: {
    ...holderOptions,
    ...keyOptions,
    ...detachedOptions,
    to: { type: 'string', value: 'DIR', help: 'where to write the signatures (default: here)' },
    qr: { type: 'boolean', help: 'show each signature as a QR code too' },
  },
  examples: [
    {
      command:
        "sigstead ceremony sign --packet replace-alice.packet.json --signer 'pkcs11:token=bob;object=root' --module /usr/lib/libykcs11.so",
      explains: 'asks for the PIN at the terminal',
    },
    {
      command: 'sigstead ceremony sign --packet replace-alice.packet.json --signer detached --holder bob --to usb',
      explains: 'prints what to run on a machine without Node; then the same again with --done',
    },
  ],
  exitNotes: [
    '4    also: the packet contradicts itself or your own root: nothing was signed',
    '6    you did not type what was asked: nothing was signed',
  ],
  run: sign,
};

async function sign(invocation: Invocation): Promise<Outcome> {
  const { ask, talk, options } = invocation;
  if (requiredOption(invocation, 'signer') === 'detached') return await signDetached(invocation);
  const view = await holderView(invocation);
  const { review } = view;
  talk.say(printableLines(renderReview(view.screen)));
  const signer = await openKey(invocation, requiredOption(invocation, 'signer'));
  try {
    const payloads = payloadsFor(review, signer);
    if (payloads.length === 0) throw notAsked(review, signer.uri);
    if (signer.uri.startsWith('file:') && !review.plan.rehearsal)
      talk.warn('this key is in a file: whoever copies the file has the key');
    for (const payload of payloads) await askConsent(consentTo(payload), ask);
    const signatures = await signReview(review, signer);
    await rememberSigned(view);
    const to = resolve(options.text('to') ?? '.');
    return await writeSignatures(review, signatures, { to, codes: options.flag('qr') });
  } finally {
    signer.close();
  }
}

function notAsked({ plan, frozen }: Review, uri: string): ToolkitError {
  const payloads = frozen.payloads.map(({ role, version }) => `${role} v${version}`).join(', ');
  return new ToolkitError('CER_SIGNER_UNKNOWN', {
    message: `${uri}: expected a key that ${plan.event} asks for, got one that may not sign ${payloads}`,
    fault: 'input',
    data: { signer: uri, payloads },
    hint: 'sign with the key that the screen lists for you; a new key must first be enrolled',
  });
}
