import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import { configurationFile, instanceConfiguration, rememberConfiguration } from '../../operate/configuration.ts';
import { configOption, defaultConfigFile, packageDirectory } from '../../operate/settings.ts';
import type { Command } from '../../src/cli/command.ts';
import { parseCommand } from '../../src/cli/parse.ts';
import { temporaryDirectory } from '../support/instance.ts';
import { minimalConfig } from '../support/minimal-config.ts';

const command: Command = {
  words: ['any'],
  summary: '',
  options: configOption,
  examples: [],
  run: async () => undefined,
};
const options = (...words: readonly string[]) => parseCommand(command, words).options;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let state: StateDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
  state = new StateDirectory(directory.path);
});
afterEach(async () => await directory[Symbol.asyncDispose]());

describe('configurationFile', () => {
  it('is the one that is named, before the one of the last start, before the smallest that we ship', async () => {
    expect(await configurationFile(options(), state)).toBe(defaultConfigFile);
    expect(defaultConfigFile).toBe(join(packageDirectory, 'examples', 'minimal.yaml'));
    await rememberConfiguration(state, { ...(await minimalConfig()), file: '/etc/sigstead.yaml' });
    expect(await configurationFile(options(), state)).toBe('/etc/sigstead.yaml');
    expect(await configurationFile(options('--config', 'a.yaml'), state)).toBe(resolve('a.yaml'));
  });
});

describe('instanceConfiguration', () => {
  it('is the one of the last start, whatever became of its file', async () => {
    const config = await minimalConfig();
    expect(await instanceConfiguration(options(), state)).toEqual(config);
    await rememberConfiguration(state, { ...config, file: '/there/is/no/such.yaml' });
    expect(await instanceConfiguration(options(), state)).toMatchObject({
      file: '/there/is/no/such.yaml',
      issuers: config.issuers,
    });
  });

  it('refuses a named file that is not there, by name', async () => {
    await rememberConfiguration(state, await minimalConfig());
    const refused = instanceConfiguration(options('--config', '/there/is/no/such.yaml'), state);
    await expect(refused).rejects.toThrowToolkit('CFG_MISSING', { file: '/there/is/no/such.yaml' });
  });

  it.each(['{', '{}', '{"file":"a.yaml"}', '/etc/sigstead.yaml\n'])(
    'refuses a memory that is not ours: %j',
    async (text) => {
      await writeFile(state.configurationFile, text);
      await expect(instanceConfiguration(options(), state)).rejects.toThrow(state.configurationFile);
    },
  );
});
