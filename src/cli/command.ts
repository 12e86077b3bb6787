import type { Clock } from '../core/clock.ts';
import type { Json } from '../core/json.ts';
import type { Reached } from '../core/moment.ts';
import type { Progress } from '../core/progress.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  /** Shown in the help; says the unit and the default. */
  readonly help: string;
  /** Name of the value in the help, e.g. `DIR`. */
  readonly value?: string;
  /** May be given several times. @default false */
  readonly multiple?: boolean;
}

export interface Example {
  readonly command: string;
  readonly explains: string;
}

/** What a command hands back: one document for programs, one text for people. */
export interface Outcome {
  readonly json: Json;
  readonly text: string;
  /** @default 0 */
  readonly exitCode?: number;
}

export interface Command {
  /** The words after `sigstead`, e.g. `['trust', 'lint']`. */
  readonly words: readonly string[];
  /** One line, third person. */
  readonly summary: string;
  readonly details?: string;
  /** Names of positional arguments in the help, e.g. `[SERVICE]`; brackets make one optional. */
  readonly positionals?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly Example[];
  /** Exit codes beyond the common list, or what a common one means here. */
  readonly exitNotes?: readonly string[];
  /** Returns the outcome, or nothing if it was emitted already. */
  run(invocation: Invocation): Promise<Outcome | undefined>;
}

/** A verb whose code is read only when it is called: most verbs need a small part of the toolkit. */
export interface Verb {
  readonly words: readonly string[];
  load(): Promise<Command>;
}

/** Everything a command may touch of the world outside; nothing below `bin/` reads a global instead. */
export interface Invocation {
  /** Of the toolkit. */
  readonly version: string;
  readonly options: ParsedOptions;
  readonly positionals: readonly string[];
  readonly environment: Environment;
  readonly talk: Talk;
  readonly ask: Ask;
  readonly progress: Progress;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Follows the work for whoever set `SIGSTEAD_TRACE=1`. */
  readonly reached: Reached;
  /** Prints the outcome now, for a command that goes on running. At most once. */
  emit(outcome: Outcome): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Questions to the person at the terminal; without a terminal each of them is refused. */
export interface Ask {
  /**
   * Reads one line, shown as it is typed.
   * @throws CLI_NO_TERMINAL, CLI_INTERRUPTED
   */
  line(question: string): Promise<string>;
  /**
   * Reads a PIN or a passphrase, which is never shown.
   * @throws CLI_NO_TERMINAL, CLI_INTERRUPTED
   */
  secret(question: string): Promise<string>;
}

/** Lines to stderr. The result never goes here, and talk never goes to stdout. */
export interface Talk {
  readonly isTerminal: boolean;
  say(line: string): void;
  warn(line: string): void;
}

export interface ParsedOptions {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}
