import { describe, expect, it } from '@jest/globals';
import { QuietLog } from '../../../local/identity-provider/quiet-log.ts';

describe('QuietLog', () => {
  it('writes one line of a kind per interval, and how many it left out', () => {
    const lines: string[] = [];
    let now = 0;
    const log = new QuietLog((line) => lines.push(line), { intervalMs: 10, now: () => now });
    for (let i = 0; i < 5; i += 1) log.say('refused', 'wrong secret');
    log.say('failed', 'x');
    now = 10;
    log.say('refused', 'no such user: a\u001b[2J\nb');
    expect(lines).toEqual(['refused: wrong secret', 'failed: x', 'refused: no such user: a?[2J?b (and 4 more before)']);
  });
});
