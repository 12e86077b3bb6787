import { parseUtf8 } from '../../src/core/bytes.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { CustomResourceEvent, CustomResourceResult } from './provisioning/custom-resource.ts';
import { handleShardDatabase } from './provisioning/handle.ts';
import { runFunction } from './runtime/run-function.ts';
import { FunctionSettings, packedFiles } from './runtime/settings.ts';

const maxCaBytes = 1 << 20;

/** Lambda: the custom resource that makes a log shard's database and user. */
export async function handler(event: CustomResourceEvent): Promise<CustomResourceResult> {
  const settings = new FunctionSettings(process.env);
  // Nothing may fail before there is somebody who answers: CloudFormation would wait for an hour.
  const options = {
    name: 'shard-database',
    instance: settings.optional('INSTANCE') ?? 'unnamed',
    clock: systemClock,
    write,
  };
  return await runFunction(options, async (log) => {
    return await handleShardDatabase(event, { caPem: () => databaseCa(settings) }, log);
  });
}

/** A variable has no room for all the authorities of a region (4 KiB for all of them together), so they may come as a file. */
async function databaseCa(settings: FunctionSettings): Promise<string> {
  const pem = settings.optional('DATABASE_CA_PEM');
  return pem ?? parseUtf8(await settings.packed(packedFiles.databaseCa, maxCaBytes), packedFiles.databaseCa);
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
