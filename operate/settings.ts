import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment, OptionSpec, ParsedOptions } from '../src/cli/command.ts';

/** Top of the installed package. */
export const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

export const stateOption = {
  state: {
    type: 'string',
    value: 'DIR',
    help: 'state directory of the instance (default: sigstead/local in $XDG_STATE_HOME or ~/.local/state)',
  },
} as const satisfies Record<string, OptionSpec>;

export const configOption = {
  config: {
    type: 'string',
    value: 'FILE',
    help: 'what the instance is, like examples/production.yaml (default: as at the last start, or examples/minimal.yaml)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Returns the state directory that the options or the environment name. */
export function statePath(options: ParsedOptions, environment: Environment): string {
  const named = options.text('state');
  if (named !== undefined) return resolve(named);
  const home = environment['HOME'] ?? homedir();
  return join(environment['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'sigstead', 'local');
}

export const defaultConfigFile = join(packageDirectory, 'examples', 'minimal.yaml');
