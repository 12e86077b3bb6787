import { join } from 'node:path';
import { findProgram, isExecutable } from '../../../src/process/find-program.ts';

/** Where `npm run test:aws` puts the emulator if there is none. */
export function emulatorDirectory(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] ?? '/root', '.cache'), 'sigstead', 'test-tools', 'ministack');
}

/** Returns the emulator: the one that `SIGSTEAD_TEST_MINISTACK` names, on PATH, or that was installed for the tests. */
export async function emulatorFile(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = await findProgram(env['SIGSTEAD_TEST_MINISTACK'] ?? 'ministack', env['PATH'] ?? '');
  if (named !== undefined) return named;
  const installed = join(emulatorDirectory(env), 'bin', 'ministack');
  return (await isExecutable(installed)) ? installed : undefined;
}
