import { ToolkitError } from '../core/error.ts';
import { printable } from '../core/printable.ts';
import type { Ask } from './command.ts';

export interface Terminal {
  /** Standard input, which nobody touches before the first question. */
  input(): NodeJS.ReadStream;
  /** Standard error: the result has standard output to itself. */
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** What the fullest QR code holds: a scanner that is plugged in like a keyboard types that much. */
const maxLineLength = 4_296;
const maxSecretLength = 1_024;

interface Context {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/**
 * Returns the questions of a person's own terminal. One is asked at a time, while no step of `Progress` runs: both draw
 * on the same lines.
 */
export function terminalAsk(terminal: Terminal): Ask {
  return {
    line: async (question) => {
      const { default: input } = await import('@inquirer/input');
      const config = { message: printable(question), validate: lineProblem };
      return await answered(terminal, question, async (context) => await input(config, context));
    },
    secret: async (question) => {
      const { default: password } = await import('@inquirer/password');
      // Ctrl-T would show what was typed.
      const config = { message: printable(question), validate: secretProblem, toggleMask: false };
      return await answered(terminal, question, async (context) => await password(config, context));
    },
  };
}

async function answered(
  terminal: Terminal,
  question: string,
  prompt: (context: Context) => Promise<string>,
): Promise<string> {
  const input = terminal.input();
  if (input.isTTY !== true || terminal.output.isTTY !== true) throw noTerminal(question);
  terminal.signal.throwIfAborted();
  // Nothing tells the prompt that the input has ended (Ctrl-D, a terminal that is gone): it would wait for ever.
  const ended = new AbortController();
  const onEnd = () => ended.abort();
  const events = ['pause', 'end', 'close'] as const;
  for (const event of events) input.once(event, onEnd);
  try {
    const signal = AbortSignal.any([terminal.signal, ended.signal]);
    return await prompt({ input, output: terminal.output, signal });
  } catch (error) {
    terminal.signal.throwIfAborted();
    throw isLeft(error) ? interrupted() : error;
  } finally {
    for (const event of events) input.off(event, onEnd);
  }
}

/** Returns what is wrong with a line, or `true`. */
function lineProblem(answer: string): string | true {
  if (answer.length > maxLineLength) return `expected at most ${maxLineLength} characters, got ${answer.length}`;
  return /[\p{Cc}\p{Cf}]/u.test(answer) ? 'expected plain text, got a control character' : true;
}

/** Says nothing that the screen should not show. */
function secretProblem(secret: string): string | true {
  if (secret.length > maxSecretLength) return `expected at most ${maxSecretLength} characters`;
  return /\p{Cc}/u.test(secret) ? 'expected plain text, got a control character' : true;
}

/** The errors of a prompt that ended without an answer: Ctrl-C, or no more input. */
function isLeft(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError');
}

function interrupted(): ToolkitError {
  return new ToolkitError('CLI_INTERRUPTED', {
    message: 'interrupted at a question',
    fault: 'environment',
    hint: 'it was not answered; run the command again',
  });
}

function noTerminal(question: string): ToolkitError {
  return new ToolkitError('CLI_NO_TERMINAL', {
    message: `there is no terminal to ask at: ${printable(question)}`,
    fault: 'input',
    data: { question },
    hint: 'run it at a terminal, and redirect neither standard input nor standard error',
  });
}
