import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { configPath, packageDirectory, statePath } from '../../operate/settings.ts';
import { statusCommand } from '../../operate/status.ts';
import { parseCommand } from '../../src/cli/parse.ts';

const options = (...words: readonly string[]) => parseCommand(statusCommand, words).options;

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

describe('configPath', () => {
  it('is the smallest configuration that we ship, unless one is named', () => {
    expect(configPath(options())).toBe(join(packageDirectory, 'examples', 'minimal.yaml'));
    expect(configPath(options('--config', 'a.yaml'))).toBe(resolve('a.yaml'));
  });
});
