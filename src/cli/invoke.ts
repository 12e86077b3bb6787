import type { Invocation, Outcome, Verb } from './command.ts';
import { findVerb, parseCommand } from './parse.ts';

/** Everything of the world outside, for a command line that is not the process's own. */
export type Surroundings = Omit<Invocation, 'options' | 'positionals' | 'emit'>;

/**
 * Runs one command line in this process, parsed as the shell's would be, and returns what it would print.
 * @throws CLI_USAGE, and what the command throws
 */
export async function invoke(
  verbs: readonly Verb[],
  words: readonly string[],
  surroundings: Surroundings,
): Promise<Outcome> {
  const { verb, rest } = findVerb(verbs, words);
  const { command, options, positionals } = parseCommand(await verb.load(), rest);
  let emitted: Outcome | undefined;
  const emit = async (outcome: Outcome) => {
    emitted = outcome;
  };
  const outcome = (await command.run({ ...surroundings, options, positionals, emit })) ?? emitted;
  if (outcome) return outcome;
  throw new TypeError(`${command.words.join(' ')}: ended without an outcome`);
}
