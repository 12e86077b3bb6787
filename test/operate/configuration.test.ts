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
  it('refuses a file that is gone since the last start, by name', async () => {
    await rememberConfiguration(state, { ...(await minimalConfig()), file: '/there/is/no/such.yaml' });
    await expect(instanceConfiguration(options(), state)).rejects.toThrowToolkit('CFG_MISSING');
    await expect(instanceConfiguration(options(), state)).rejects.toThrow('/there/is/no/such.yaml');
  });
});
