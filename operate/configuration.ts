import { resolve } from 'node:path';
import type { StateDirectory } from '../local/state.ts';
import type { ParsedOptions } from '../src/cli/command.ts';
import { type InstanceConfig, parseConfig, readConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { parseJsonObject } from '../src/core/json.ts';
import { hasOwnDirectory } from '../src/core/ownership.ts';
import { defaultConfigFile } from './settings.ts';

/** A configuration may have 1 MiB, and JSON writes some characters as two. */
const maxBytes = 4 << 20;

/**
 * Returns the path of the file that describes an instance: the one that is named, or else the one that the state
 * directory was last brought up with, or else the default.
 */
export async function configurationFile(options: ParsedOptions, state: StateDirectory): Promise<string> {
  const named = options.text('config');
  if (named !== undefined) return resolve(named);
  return (await readRemembered(state))?.file ?? defaultConfigFile;
}

/**
 * Returns the configuration of an instance: of the file that is named, or else as the state directory was last brought
 * up with it, whatever became of that file since, or else the default.
 */
export async function instanceConfiguration(options: ParsedOptions, state: StateDirectory): Promise<InstanceConfig> {
  if (options.text('config') === undefined) {
    const remembered = await rememberedConfiguration(state);
    if (remembered) return remembered;
  }
  return await readConfig(await configurationFile(options, state));
}

/** Returns the configuration that the instance was last brought up with, or `undefined` before its first start. */
export async function rememberedConfiguration(state: StateDirectory): Promise<InstanceConfig | undefined> {
  const remembered = await readRemembered(state);
  if (!remembered) return undefined;
  try {
    return parseConfig(remembered.text, remembered.file);
  } catch (cause) {
    throw unusable(state.configurationFile, 'expected a configuration that this version accepts', cause);
  }
}

/** Remembers a configuration, which was accepted, for the starts and the verbs that come after this one. */
export async function rememberConfiguration(state: StateDirectory, { file, text }: InstanceConfig): Promise<void> {
  await replaceFile(state.configurationFile, `${JSON.stringify({ file, text })}\n`);
}

async function readRemembered(
  state: StateDirectory,
): Promise<{ readonly file: string; readonly text: string } | undefined> {
  if (!(await hasOwnDirectory(state.path))) return undefined;
  const what = state.configurationFile;
  const bytes = await readFileIfPresent(what, maxBytes);
  if (!bytes) return undefined;
  const { file, text } = parseJsonObject(bytes, { what, maxBytes });
  if (typeof file === 'string' && typeof text === 'string') return { file, text };
  throw unusable(what, 'expected a file and its text');
}

function unusable(file: string, problem: string, cause?: unknown): ToolkitError {
  return new ToolkitError('LOCAL_STATE_INVALID', {
    message: `${file}: ${problem}`,
    fault: 'input',
    data: { file },
    hint: 'sigstead writes this file; restore the copy that it wrote, or name another directory with --state',
    cause,
  });
}
