import { expect, it } from '@jest/globals';
import { verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import { deployedLogs, publishedCheckpoint, readLog } from '../support/aws/log-state.ts';
import type { Stage } from '../support/aws/stage.ts';
import { freeze, startAgain, stopAll } from './faults-ended.ts';

export function freezeCases(stage: () => Stage): void {
  it('freezes the CT log by the deployed one-off task, and refuses to start it again', async () => {
    const { ct } = await deployedLogs(stage().aws);
    // A log that is still written to cannot be frozen.
    const early = await freeze(stage(), ct.id);
    expect([early.code, early.said]).toEqual([5, expect.stringContaining('the log is still written to')]);
    expect(await readLog(ct, 'frozen')).toBeUndefined();

    await stopAll(stage(), ct.id);
    const last = await publishedCheckpoint(ct);
    const { code, said } = await freeze(stage(), ct.id);
    expect([code, said]).toEqual([0, expect.stringContaining('"file":"frozen"')]);

    const verifier = rekorNoteVerifier(ct.origin, ct.publicKey);
    const frozen = verifyCheckpoint((await readLog(ct, 'frozen')) ?? new Uint8Array(), { origin: ct.origin, verifier });
    expect(frozen).toMatchObject({ size: last.size, rootHash: last.rootHash });
    expect(frozen.extensions).toEqual([expect.stringMatching(/^Log frozen — /)]);

    const refused = await startAgain(stage(), ct.id);
    expect([refused.code, refused.said]).toEqual([70, expect.stringContaining('#gate-frozen')]);
    expect((await publishedCheckpoint(ct)).note).toEqual(last.note);
  }, 180_000);
}
