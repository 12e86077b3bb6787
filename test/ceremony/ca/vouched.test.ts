import { describe, expect, it } from '@jest/globals';
import { openCaRoom } from '../../../ceremony/ca/plan-event.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { holderIds, seededSigner } from '../../support/root-of-trust.ts';

describe('openCaRoom', () => {
  it('takes no key of a holder that the root in force does not say is theirs', async () => {
    await using bench = await CeremonyBench.published();
    expect([...(await openCaRoom(bench.layout)).holders.keys()]).toEqual([...holderIds]);
    // Whoever can write to keyholders/ can enroll a key of their own; only the holders' quorum can publish it.
    await bench.enrol('alice', seededSigner('mallory'));
    expect([...(await openCaRoom(bench.layout)).holders.keys()]).toEqual(holderIds.filter((id) => id !== 'alice'));
  });
});
