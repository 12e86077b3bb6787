import { resolve } from 'node:path';
import type { StateDirectory } from '../local/state.ts';
import type { ParsedOptions } from '../src/cli/command.ts';
import { type InstanceConfig, readConfig } from '../src/config/config.ts';
import { parseUtf8 } from '../src/core/bytes.ts';
import { readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { hasOwnDirectory } from '../src/core/ownership.ts';
import { defaultConfigFile } from './settings.ts';

/**
 * Returns the path of the file that describes an instance: the one that is named, or else the one that the state
 * directory was last brought up with, or else the default.
 */
export async function configurationFile(options: ParsedOptions, state: StateDirectory): Promise<string> {
  const named = options.text('config');
  if (named !== undefined) return resolve(named);
  if (!(await hasOwnDirectory(state.path))) return defaultConfigFile;
  const remembered = await readFileIfPresent(state.configurationFile, 4_096);
  return remembered ? parseUtf8(remembered, state.configurationFile).trim() : defaultConfigFile;
}

/** Reads the configuration of an instance (see `configurationFile`). */
export async function instanceConfiguration(options: ParsedOptions, state: StateDirectory): Promise<InstanceConfig> {
  return await readConfig(await configurationFile(options, state));
}

/** Remembers the file for the verbs that come after this start. */
export async function rememberConfiguration(state: StateDirectory, config: InstanceConfig): Promise<void> {
  await replaceFile(state.configurationFile, `${config.file}\n`);
}
