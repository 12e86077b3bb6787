import { expect, it } from '@jest/globals';
import { checkpointPath } from '../../src/tlog/checkpoint.ts';
import { TaskLoad } from '../support/aws/load.ts';
import { DatabaseCopy, type DeployedLog, deployedLogs, destroyObject, readLog } from '../support/aws/log-state.ts';
import type { Stage } from '../support/aws/stage.ts';
import { emptyRecord } from '../support/signing-load.ts';
import { startAgain, stopAll } from './faults-ended.ts';
import { bucket } from './functions-deployed.ts';

export function rollbackCases(stage: () => Stage): void {
  it('refuses to start Rekor over a database that was rolled back, and starts it over the right one', async () => {
    const { services, aws } = stage();
    const { rekor } = await deployedLogs(aws);
    const snapshot = await DatabaseCopy.take(aws.database, { original: rekor.database, copy: 'snapshot' });
    await sign(stage(), rekor);
    await stopAll(stage(), rekor.id);
    const latest = await DatabaseCopy.take(aws.database, { original: rekor.database, copy: 'latest' });
    const published = await readLog(rekor, checkpointPath);

    await snapshot.restore();
    const refused = await startAgain(stage(), rekor.id);
    expect([refused.code, refused.said]).toEqual([70, expect.stringContaining('#gate-rollback')]);
    expect(await readLog(rekor, checkpointPath)).toEqual(published);

    await latest.restore();
    await services.start(rekor.id);
    await sign(stage(), rekor);
    await stopAll(stage(), rekor.id);
  }, 120_000);

  it('refuses to start Rekor when its checkpoint is gone from the bucket', async () => {
    const { rekor } = await deployedLogs(stage().aws);
    const published = await readLog(rekor, checkpointPath);
    await destroyObject(rekor, checkpointPath);
    const refused = await startAgain(stage(), rekor.id);
    expect([refused.code, refused.said]).toEqual([70, expect.stringContaining('#gate-empty-bucket')]);
    expect(await readLog(rekor, checkpointPath)).toBeUndefined();
    await bucket(rekor.id).create(checkpointPath, published ?? new Uint8Array());
  }, 60_000);
}

async function sign({ services }: Stage, log: DeployedLog): Promise<void> {
  const [task] = services.tasks.filter(({ service }) => service === log.id);
  const url = `http://${task?.address}:3000`;
  const load = TaskLoad.entries({ url, workers: 4, record: emptyRecord(), log });
  await load.acknowledges(8);
  await load.stop();
}
