import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { configOption, stateOption, statePath } from '../../operate/settings.ts';
import type { Command } from '../../src/cli/command.ts';
import { parseCommand } from '../../src/cli/parse.ts';

const command: Command = {
  words: ['any'],
  summary: '',
  options: { ...stateOption, ...configOption },
  examples: [],
  run: async () => undefined,
};
const options = (...words: readonly string[]) => parseCommand(command, words).options;

describe('statePath', () => {
  it.each([
    [[], { XDG_STATE_HOME: '/xdg', HOME: '/home/a' }, '/xdg/sigstead/local'],
    [[], { XDG_STATE_HOME: '', HOME: '/home/a' }, '/home/a/.local/state/sigstead/local'],
    [[], { HOME: '/home/a' }, '/home/a/.local/state/sigstead/local'],
    [[], {}, join(homedir(), '.local/state/sigstead/local')],
    [['--state', '/tmp/demo'], { XDG_STATE_HOME: '/xdg' }, '/tmp/demo'],
    [['--state', 'demo'], {}, resolve('demo')],
  ])('%j with %j is %s', (words, environment, path) => {
    expect(statePath(options(...words), environment)).toBe(path);
  });
});
