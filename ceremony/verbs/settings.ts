import { resolve } from 'node:path';
import type { Invocation, OptionSpec } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type EventLayout, RootSigningLayout } from '../root-signing/layout.ts';

export const dirOption = {
  dir: { type: 'string', value: 'DIR', help: 'the root-signing directory (default: root-signing)' },
} as const satisfies Record<string, OptionSpec>;

export const actorOption = {
  as: { type: 'string', value: 'NAME', help: 'who does this, for the transcript (default: $USER, or coordinator)' },
} as const satisfies Record<string, OptionSpec>;

/** Returns the `root-signing/` that the options name. */
export function layoutOf({ options }: Pick<Invocation, 'options'>): RootSigningLayout {
  return new RootSigningLayout(resolve(options.text('dir') ?? 'root-signing'));
}

/** Returns the event that the first argument names. */
export function eventOf(invocation: Pick<Invocation, 'options' | 'positionals'>): EventLayout {
  return eventNamed(invocation, invocation.positionals[0] ?? '');
}

/** @throws CLI_USAGE if that can be no event's name */
export function eventNamed(invocation: Pick<Invocation, 'options'>, name: string): EventLayout {
  if (/^[a-z0-9-]+$/.test(name)) return layoutOf(invocation).event(name);
  throw usage(`expected the name of an event, got ${JSON.stringify(name.slice(0, 80))}`);
}

export function actorOf({ options, environment }: Pick<Invocation, 'options' | 'environment'>): string {
  return options.text('as') ?? environment['USER'] ?? 'coordinator';
}

/** What files of ours name as their writer. */
export function toolOf({ version }: Pick<Invocation, 'version'>): string {
  return `sigstead ${version}`;
}

/** @throws CLI_USAGE if the option was not given */
export function requiredOption({ options }: Pick<Invocation, 'options'>, name: string): string {
  const value = options.text(name);
  if (value !== undefined) return value;
  throw usage(`expected --${name}`);
}

export function usage(message: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: 'add --help to the command' });
}
