import type { CeremonyScript } from '../../../ceremony/transcript/script.ts';
import { parseHex } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { wordLines } from '../../../src/core/words.ts';

const planDigest = sha256Hex('plan');
const digest = sha256Hex('root');

/** A script with as little as a script has. */
export const sampleScript: CeremonyScript = {
  title: 'Replace Alice’s key',
  event: '2026-11-02-rotate-alice',
  revision: 1,
  planDigest,
  words: wordLines(parseHex(planDigest)),
  participants: [
    { name: 'Alice', part: 'holder' },
    { name: 'Wendy', part: 'witness' },
  ],
  steps: [
    { id: 'compare', who: 'everyone', what: 'Read the words of the plan aloud', expect: 'the same 32 words' },
    { id: 'sign-alice', who: 'alice', what: 'Sign', command: 'sigstead ceremony sign --event 2026-11-02-rotate-alice' },
  ],
  payloads: [{ role: 'root', version: 16, digest, words: wordLines(parseHex(digest)) }],
};
