import { systemClock } from '../../src/core/clock.ts';
import { openStore } from '../../src/store/open-store.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import type { LogStanding } from './monitoring/check-log.ts';
import { monitorLogs } from './monitoring/monitor.ts';
import { logsShape } from './runtime/known-logs.ts';
import { runFunction } from './runtime/run-function.ts';
import { FunctionSettings, packedFiles } from './runtime/settings.ts';

/** Lambda: checks that every log still extends what it signed before. */
export async function handler(): Promise<{ readonly logs: readonly LogStanding[] }> {
  const settings = new FunctionSettings(process.env);
  const options = { name: 'monitor', instance: settings.text('INSTANCE'), clock: systemClock, write };
  return await runFunction(options, async (log) => {
    return await monitorLogs(
      {
        tufUrl: settings.text('REPOSITORY_URL'),
        pinnedRoot: await settings.packed(packedFiles.pinnedRoot, maxMetadataBytes.root),
        logs: settings.json('LOGS', logsShape),
        memory: openStore(settings.text('MEMORY_STORE')),
        now: systemClock.now(),
      },
      log,
    );
  });
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
