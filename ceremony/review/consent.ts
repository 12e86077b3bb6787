import { randomInt } from 'node:crypto';
import type { Ask } from '../../src/cli/command.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { wordsOf } from '../../src/core/words.ts';

export interface Consent {
  /** What it is about, for messages: `root v2`, the name of an event. */
  readonly what: string;
  /** SHA-256 of it, in hexadecimal. */
  readonly digest: string;
  /** What has to be typed, exactly. */
  readonly phrase: string;
}

/**
 * Asks for consent: two words of a digest, which only somebody has at hand who looked at it (and, where people read it
 * to each other, heard it), and then the exact words of what happens.
 *
 * Returns if all is typed exactly. The places are chosen anew each time, so that nobody learns an answer by heart.
 * @throws CLI_DECLINED if anything else is typed; CLI_NO_TERMINAL
 */
export async function askConsent(consent: Consent, ask: Ask): Promise<void> {
  const { what, digest, phrase } = consent;
  const words = wordsOf(parseHex(digest));
  const half = words.length / 2;
  for (const place of [randomInt(0, half), randomInt(half, words.length)]) {
    const typed = await ask.line(`${what}: type word ${place + 1} of ${words.length}`);
    if (typed.trim().toLowerCase() !== words[place]?.toLowerCase())
      throw declined(what, `word ${place + 1} is another`);
  }
  if ((await ask.line(`type "${phrase}"`)) !== phrase) throw declined(what, `expected ${JSON.stringify(phrase)}`);
}

function declined(what: string, why: string): ToolkitError {
  return new ToolkitError('CLI_DECLINED', {
    message: `${what}: nothing was done: ${why}`,
    fault: 'input',
    data: { what },
    hint: 'nothing was signed; run the same command again if that was a slip',
  });
}
