import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { describeCause, ToolkitError } from '../core/error.ts';
import type { Command, OptionSpec, ParsedOptions, Verb } from './command.ts';

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'print one JSON document on stdout, errors included' },
  help: { type: 'boolean', help: 'show this help' },
};

export interface ParsedCommand {
  readonly command: Command;
  readonly options: ParsedOptions;
  readonly positionals: readonly string[];
}

/**
 * Returns the verb that the first words name, longest name first, and what is left of the line.
 * @throws CLI_USAGE if there is none
 */
export function findVerb(verbs: readonly Verb[], words: readonly string[]): { verb: Verb; rest: readonly string[] } {
  const byLength = verbs.toSorted((a, b) => b.words.length - a.words.length);
  const verb = byLength.find((candidate) => candidate.words.every((word, index) => words[index] === word));
  if (verb) return { verb, rest: words.slice(verb.words.length) };
  const below = verbs.filter((candidate) => candidate.words.length > 1 && candidate.words[0] === words[0]);
  if (below.length === 0) throw usage(`unknown command: ${words[0]}`, 'sigstead --help');
  const names = below.map((candidate) => candidate.words.slice(1).join(' '));
  throw usage(
    `${words[0]}: expected one of ${names.join(', ')}${words[1] ? `, got ${words[1]}` : ''}`,
    'sigstead --help',
  );
}

/** @throws CLI_USAGE for an unknown option, a missing value, or too few or too many arguments */
export function parseCommand(command: Command, rest: readonly string[]): ParsedCommand {
  const help = `sigstead ${command.words.join(' ')} --help`;
  const { values, positionals } = parseOptions(command, rest, help);
  const parsed = { command, options: optionsOf(values), positionals };
  // Who asks how to write the line has not written it yet.
  if (parsed.options.flag('help')) return parsed;
  const wanted = command.positionals ?? [];
  const required = wanted.filter((name) => !name.startsWith('['));
  if (positionals.length < required.length) {
    throw usage(`expected ${required.join(' ')}`, help);
  }
  if (positionals.length > wanted.length) {
    throw usage(`unexpected argument: ${positionals[wanted.length]}`, help);
  }
  return parsed;
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function parseOptions(command: Command, rest: readonly string[], help: string) {
  const known = { ...commonOptions, ...command.options };
  const options: ParseArgsOptionsConfig = {};
  for (const [name, spec] of Object.entries(known)) {
    options[name] = {
      type: spec.type,
      ...(spec.multiple && { multiple: true }),
      ...(name === 'help' && { short: 'h' }),
    };
  }
  try {
    const parsed = parseArgs({ args: [...rest], options, allowPositionals: true, strict: true });
    return { values: parsed.values as Values, positionals: parsed.positionals };
  } catch (cause) {
    throw usage(describeCause(cause).split('. ')[0] ?? 'unusable arguments', help);
  }
}

function optionsOf(values: Values): ParsedOptions {
  return {
    flag: (name) => values[name] === true,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    texts: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.map(String) : [];
    },
  };
}

function usage(message: string, help: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: `run: ${help}` });
}
