import type { Ask, Command, Environment, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseCommand } from '../../src/cli/parse.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';

export interface Surroundings {
  readonly environment?: Environment;
  readonly clock?: Clock;
  /** What the person at the terminal says. @default nobody is there, and no question is expected */
  readonly answers?: readonly ScriptedAnswer[];
}

export interface ScriptedAnswer {
  readonly question: RegExp;
  readonly answer: string;
  /** The answer must not be shown while it is typed. @default false */
  readonly secret?: boolean;
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
  const left = [...(around.answers ?? [])];
  const { options, positionals } = parseCommand(command, words);
  const invocation: Invocation = {
    version: '0.0.0',
    options,
    positionals,
    environment: around.environment ?? {},
    talk: {
      isTerminal: false,
      say: (line) => void talk.push(line),
      warn: (line) => void talk.push(`warning: ${line}`),
    },
    ask: scriptedAsk(left),
    progress: silentProgress,
    signal: new AbortController().signal,
    clock: around.clock ?? systemClock,
    reached: unfollowed,
    emit: async (outcome) => {
      emitted = outcome;
    },
  };
  const outcome = await command.run(invocation);
  if (left.length > 0) throw new Error(`never asked: ${left.map(({ question }) => question).join(', ')}`);
  return { outcome: outcome ?? emitted, talk };
}

/** Answers in this order, taking each from the list, and fails the test at any other question. */
export function scriptedAsk(answers: ScriptedAnswer[]): Ask {
  const reply = async (asked: string, secret: boolean) => {
    const next = answers.shift();
    if (next?.question.test(asked) && (next.secret ?? false) === secret) return next.answer;
    throw new Error(`expected ${next ? describe(next) : 'no question'}, was asked: ${asked}`);
  };
  return {
    line: async (question) => await reply(question, false),
    secret: async (question) => await reply(question, true),
  };
}

function describe({ question, secret }: ScriptedAnswer): string {
  return `to be asked for ${secret === true ? 'a secret' : 'a line'} with ${question}`;
}
