import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { list, object, text } from '../../src/core/shape.ts';
import { type Probed, probe } from './probing/prober.ts';
import { proberAccountShape } from './probing/token-source.ts';
import { logsShape } from './runtime/known-logs.ts';
import { runFunction } from './runtime/run-function.ts';
import { readSecret } from './runtime/secret.ts';
import { FunctionSettings, packedFiles } from './runtime/settings.ts';

const authoritiesShape = list(object({ service: text, url: text }));

/** Lambda: signs and verifies as a user would, and measures what clients depend on. */
export async function handler(): Promise<Probed> {
  const settings = new FunctionSettings(process.env);
  const options = { name: 'prober', instance: settings.text('INSTANCE'), clock: systemClock, write };
  return await runFunction(options, async (log) => {
    return await probe(
      {
        tufUrl: settings.text('REPOSITORY_URL'),
        rootFile: settings.packedPath(packedFiles.pinnedRoot),
        cache: join(tmpdir(), 'tuf'),
        logs: settings.json('LOGS', logsShape),
        authorities: settings.json('AUTHORITIES', authoritiesShape),
        account: async () => await readSecret(settings.text('SECRET_ARN'), { shape: proberAccountShape }),
        now: systemClock.now(),
      },
      log,
    );
  });
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
