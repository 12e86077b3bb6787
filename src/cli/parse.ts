import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ToolkitError } from '../core/error.ts';
import { nearest } from '../core/nearest.ts';
import { shellWord } from '../core/shell.ts';
import type { Command, OptionSpec, ParsedOptions, Verb } from './command.ts';

const overview = 'run: sigstead --help';

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
 * @throws CLI_USAGE if there is none, with the line that was probably meant
 */
export function findVerb(verbs: readonly Verb[], words: readonly string[]): { verb: Verb; rest: readonly string[] } {
  const byLength = verbs.toSorted((a, b) => b.words.length - a.words.length);
  const verb = byLength.find((candidate) => candidate.words.every((word, index) => words[index] === word));
  if (verb) return { verb, rest: words.slice(verb.words.length) };
  const [first = '', second] = words;
  const below = verbs.filter((candidate) => candidate.words.length > 1 && candidate.words[0] === first);
  if (below.length === 0) {
    const known = [...new Set(verbs.flatMap((candidate) => candidate.words.slice(0, 1)))];
    const message = `unknown command ${first}; expected one of ${known.join(', ')}`;
    throw usage(message, meantLine(words, { index: 0, known }) ?? overview);
  }
  const known = below.map((candidate) => candidate.words.slice(1).join(' '));
  const message = `${first}: expected one of ${known.join(', ')}${second ? `, got ${second}` : ''}`;
  throw usage(message, meantLine(words, { index: 1, known }) ?? overview);
}

/** @throws CLI_USAGE for an unknown option, a missing value, or too few or too many arguments */
export function parseCommand(command: Command, rest: readonly string[]): ParsedCommand {
  const help = helpOf(command);
  const { values, positionals } = parseOptions(command, rest);
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

function parseOptions(command: Command, rest: readonly string[]) {
  const known = { ...command.options, ...commonOptions };
  const options: ParseArgsOptionsConfig = {};
  for (const [name, spec] of Object.entries(known)) {
    options[name] = {
      type: spec.type,
      ...(spec.multiple && { multiple: true }),
      ...(name === 'help' && { short: 'h' }),
    };
  }
  // Not strict: Node's own refusals do not say what was meant.
  const parsed = parseArgs({ args: [...rest], options, allowPositionals: true, strict: false, tokens: true });
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (spec === undefined) throw unknownOption(command, rest, { ...token, known: Object.keys(known) });
    assertValue(spec, token, helpOf(command));
  }
  return { values: parsed.values as Values, positionals: parsed.positionals };
}

interface OptionToken {
  readonly rawName: string;
  /** Where it stands among the arguments. */
  readonly index: number;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function unknownOption(
  command: Command,
  rest: readonly string[],
  { rawName, index, known }: OptionToken & { readonly known: readonly string[] },
): ToolkitError {
  const names = known.map((name) => `--${name}`);
  const { words } = command;
  const meant = meantLine([...words, ...rest], { index: words.length + index, known: names, word: rawName });
  return usage(`unknown option ${rawName}; expected one of ${names.join(', ')}`, meant ?? helpOf(command));
}

function assertValue(spec: OptionSpec, { rawName, value, inlineValue }: OptionToken, help: string): void {
  if (spec.type === 'boolean') {
    if (value !== undefined) throw usage(`${rawName}: expected no value, got ${value}`, help);
    return;
  }
  const expected = `${rawName}: expected ${spec.value ?? 'a value'}`;
  if (value === undefined) throw usage(expected, help);
  // What looks like an option is one whose predecessor lost its value.
  if (!inlineValue && /^-./.test(value)) throw usage(`${expected}, got ${value}`, help);
}

interface Slip {
  readonly index: number;
  readonly known: readonly string[];
  /** The part of the argument that is unknown. @default the whole of it */
  readonly word?: string;
}

/** Returns the hint with the line as it was probably meant, or `undefined` where nothing known is close. */
function meantLine(words: readonly string[], { index, known, word = words[index] ?? '' }: Slip): string | undefined {
  const meant = nearest(word, known);
  if (meant === undefined) return undefined;
  const line = words.map((each, at) => (at === index ? meant + each.slice(word.length) : each));
  return `did you mean: sigstead ${line.map(shellWord).join(' ')}`;
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

function helpOf(command: Command): string {
  return `run: sigstead ${command.words.join(' ')} --help`;
}

function usage(message: string, hint: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint });
}
