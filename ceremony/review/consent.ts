import { randomInt } from 'node:crypto';
import type { Ask } from '../../src/cli/command.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { wordsOf } from '../../src/core/words.ts';
import type { FrozenPayload } from '../freeze.ts';

/**
 * Asks a holder for consent to one payload: two words of its digest, which only somebody has at hand who looked at it
 * (and, where the holders read it to each other, heard it), and then the exact words of what is signed.
 *
 * Returns if all is typed exactly. The places are chosen anew each time, so that nobody learns an answer by heart.
 * @throws CLI_DECLINED if anything else is typed; CLI_NO_TERMINAL
 */
export async function askConsent(payload: Pick<FrozenPayload, 'role' | 'version' | 'digest'>, ask: Ask): Promise<void> {
  const { role, version, digest } = payload;
  const words = wordsOf(parseHex(digest));
  const first = randomInt(0, words.length / 2);
  const second = randomInt(words.length / 2, words.length);
  for (const place of [first, second]) {
    const typed = await ask.line(`${role} v${version}: type word ${place + 1} of ${words.length}`);
    if (typed.trim().toLowerCase() !== words[place]?.toLowerCase())
      throw declined(payload, `word ${place + 1} is another`);
  }
  const phrase = `SIGN ${role} v${version}`;
  if ((await ask.line(`type "${phrase}"`)) !== phrase) throw declined(payload, `expected ${JSON.stringify(phrase)}`);
}

function declined({ role, version }: Pick<FrozenPayload, 'role' | 'version'>, why: string): ToolkitError {
  return new ToolkitError('CLI_DECLINED', {
    message: `${role} v${version}: not signed: ${why}`,
    fault: 'input',
    data: { role, version },
    hint: 'nothing was signed; run the same command again if that was a slip',
  });
}
