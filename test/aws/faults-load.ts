import { expect, it } from '@jest/globals';
import { assertEntryLogged } from '../../src/tlog/audit.ts';
import { TaskLoad } from '../support/aws/load.ts';
import {
  assertCertificateLogged,
  auditBucket,
  type DeployedLog,
  deployedLogs,
  dropConnections,
} from '../support/aws/log-state.ts';
import type { ServiceTask } from '../support/aws/services.ts';
import type { Stage } from '../support/aws/stage.ts';
import { emptyRecord, type LoadRecord } from '../support/signing-load.ts';

/** As fast as the logs connect again, so that every kind of statement meets one. */
const drops = 100;

export function loadCases(stage: () => Stage): void {
  it('loses nothing that it acknowledged when one of two Rekor tasks is killed', async () => {
    const { aws, services } = stage();
    const { rekor } = await deployedLogs(aws);
    const [survivor, victim] = [runningTask(stage(), rekor.id), await services.start(rekor.id)];
    const record = emptyRecord();
    const [steady, doomed] = [loadOn(survivor, rekor, record), loadOn(victim, rekor, record)];
    await Promise.all([steady.acknowledges(100), doomed.acknowledges(100)]);

    await kill(victim);
    await doomed.stop();
    await steady.acknowledges(100);
    await steady.stop();

    expect(record.unanswered).toBeGreaterThan(0);
    await expectEntries(rekor, record);
    await services.stop(victim, 0);
  }, 90_000);

  it('answers with no wrong index while the connections to its database are dropped, and recovers', async () => {
    const { aws, token } = stage();
    const { rekor, ct } = await deployedLogs(aws);
    const record = emptyRecord();
    const entries = loadOn(runningTask(stage(), rekor.id), rekor, record);
    const url = `http://${runningTask(stage(), 'fulcio').address}:5555`;
    const certificates = TaskLoad.certificates({ url, workers: 4, record, token: await token() });
    await Promise.all([entries.acknowledges(50), certificates.acknowledges(10)]);

    for (let round = 0; round < drops; round++) {
      await dropConnections(aws.database, rekor);
      await dropConnections(aws.database, ct);
    }
    await Promise.all([entries.acknowledges(100), certificates.acknowledges(10)]);
    await Promise.all([entries.stop(), certificates.stop()]);

    await expectEntries(rekor, record);
    const { entries: leaves } = await auditBucket(ct);
    for (const certificate of record.certificates) assertCertificateLogged(leaves, certificate, ct);
  }, 180_000);
}

function runningTask({ services }: Stage, id: string): ServiceTask {
  const task = services.tasks.find(({ service }) => service === id);
  if (!task) throw new Error(`${id}: no task runs`);
  return task;
}

function loadOn({ address }: ServiceTask, log: DeployedLog, record: LoadRecord): TaskLoad {
  return TaskLoad.entries({ url: `http://${address}:3000`, workers: 32, record, log });
}

/** Every entry that was acknowledged is in the log, where it was said to be; and no two at one place. */
async function expectEntries(log: DeployedLog<'rekor'>, { entries }: LoadRecord): Promise<void> {
  const audit = await auditBucket(log);
  for (const entry of entries) assertEntryLogged(audit, entry);
  expect(new Set(entries.map(({ index }) => index)).size).toBe(entries.length);
}

/** Ends a task as the loss of its host does: nothing in it learns of it. */
async function kill(task: ServiceTask): Promise<void> {
  await task.signal('SIGKILL');
  await task.exited;
}
