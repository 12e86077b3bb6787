import type { Command, Environment, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseCommand } from '../../src/cli/parse.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';

export interface Surroundings {
  readonly environment?: Environment;
  readonly clock?: Clock;
}

export interface Ran {
  readonly outcome: Outcome | undefined;
  /** What went to stderr: talk, and warnings with `warning: ` before them. */
  readonly talk: readonly string[];
}

/** Runs a command in this process, as the command line would with these words. */
export async function runCommand(command: Command, words: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const talk: string[] = [];
  let emitted: Outcome | undefined;
  const { options, positionals } = parseCommand(command, words);
  const invocation: Invocation = {
    options,
    positionals,
    environment: around.environment ?? {},
    talk: {
      isTerminal: false,
      say: (line) => void talk.push(line),
      warn: (line) => void talk.push(`warning: ${line}`),
    },
    progress: silentProgress,
    signal: new AbortController().signal,
    clock: around.clock ?? systemClock,
    reached: unfollowed,
    emit: async (outcome) => {
      emitted = outcome;
    },
  };
  const outcome = await command.run(invocation);
  return { outcome: outcome ?? emitted, talk };
}
