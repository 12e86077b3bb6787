import { expect, it } from '@jest/globals';
import { auditLog } from '../../src/tlog/audit.ts';
import { checkpointPath, type VerifiedCheckpoint, verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import { readThroughEdge } from '../support/aws/edge-reader.ts';
import { type DeployedLog, deployedLogs, publishedCheckpoint, readLog } from '../support/aws/log-state.ts';
import { expectVerified, type Stage } from '../support/aws/stage.ts';
import { freeze, startAgain, stopAll } from './faults-ended.ts';

const frozenLine = expect.stringMatching(/^Log frozen — /);

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
    expect(frozen.extensions).toEqual([frozenLine]);

    await expectClosed(stage(), ct);
    expect((await publishedCheckpoint(ct)).note).toEqual(last.note);
  }, 180_000);
}

/** Nothing can be signed afterwards. */
export function freezeRekorCases(stage: () => Stage): void {
  let frozen: VerifiedCheckpoint;

  it('freezes Rekor by the deployed one-off task, and refuses to start it again', async () => {
    const { rekor } = await deployedLogs(stage().aws);
    const last = await publishedCheckpoint(rekor);
    const { code, said } = await freeze(stage(), rekor.id);
    expect([code, said]).toEqual([0, expect.stringContaining('"file":"checkpoint"')]);
    frozen = await publishedCheckpoint(rekor);
    expect(frozen).toMatchObject({ size: last.size, rootHash: last.rootHash });
    expect([last.extensions, frozen.extensions]).toEqual([[], [frozenLine]]);

    await expectClosed(stage(), rekor);
    expect((await publishedCheckpoint(rekor)).note).toEqual(frozen.note);
  }, 180_000);

  it('leaves a log that everybody reads to its last entry, where no server runs', async () => {
    const { services, aws } = stage();
    const { rekor } = await deployedLogs(aws);
    expect(services.tasks.filter(({ service }) => service === rekor.id)).toEqual([]);
    const readTile = async (path: string) => await readThroughEdge(aws, rekor.origin, `/api/v2/${path}`);
    const served = verifyCheckpoint((await readTile(checkpointPath)) ?? new Uint8Array(), rekor);
    expect(served.note).toEqual(frozen.note);
    expect((await auditLog({ checkpoint: served, kind: 'rekor', readTile })).size).toBe(frozen.size);
  }, 120_000);

  it('leaves what was signed before as good as it was', async () => {
    const { cosign, sigstoreJs } = stage().clients;
    for (const client of [cosign, sigstoreJs]) {
      for (const signer of [cosign, sigstoreJs]) await expectVerified(stage(), client, signer.name);
    }
  }, 120_000);
}

async function expectClosed(stage: Stage, log: DeployedLog): Promise<void> {
  const refused = await startAgain(stage, log.id);
  expect([refused.code, refused.said]).toEqual([70, expect.stringContaining('#gate-frozen')]);
}
