import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openAwsKmsSigner } from '../../src/keys/awskms-signer.ts';
import { openStore } from '../../src/store/open-store.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { type Resigned, resignPublished } from './resigning/resign.ts';
import { runFunction } from './runtime/run-function.ts';
import { FunctionSettings, packedFiles } from './runtime/settings.ts';

const maxPolicyBytes = 1 << 20;

/** Lambda: signs snapshot and timestamp of the published repository with the online key, where they are due. */
export async function handler(): Promise<Resigned> {
  const settings = new FunctionSettings(process.env);
  const options = { name: 'resign-online', instance: settings.text('INSTANCE'), clock: systemClock, write };
  return await runFunction(options, async (log) => {
    const policy = parseUtf8(await settings.packed(packedFiles.policy, maxPolicyBytes), packedFiles.policy);
    return await resignPublished(
      {
        policy: parseRootPolicy(policy, settings.packedPath(packedFiles.policy)),
        pinnedRoot: await settings.packed(packedFiles.pinnedRoot, maxMetadataBytes.root),
        store: openStore(settings.text('REPOSITORY_STORE')),
        memory: openStore(settings.text('MEMORY_STORE')),
        openOnline: async () => await openAwsKmsSigner(settings.text('ONLINE_KEY')),
        now: systemClock.now(),
      },
      log,
    );
  });
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
